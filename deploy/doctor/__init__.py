"""Why a run may fail on this machine or cluster: checks that end in findings, each with what to do."""
