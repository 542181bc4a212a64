"""The supervisor: replacements, later and later, until it gives up."""

from cluster.supervisor import GiveUp, Replace, Supervisor


def test_each_death_is_answered_with_the_next_life():
    """The first replacement comes at once, each further one a second later."""
    supervisor = Supervisor(max_deaths=4, window_seconds=100.0)
    assert supervisor.died("actor a-0", "x", now=10.0) == Replace("actor a-0", 1, 10.0)
    assert supervisor.died("actor a-0", "x", now=20.0) == Replace("actor a-0", 2, 21.0)
    assert supervisor.died("actor a-0", "x", now=30.0) == Replace("actor a-0", 3, 32.0)
    assert supervisor.restarts("actor a-0") == 3


def test_too_many_deaths_within_the_window_are_the_end():
    """The sentence names who, how often, within what time, and the last reason."""
    supervisor = Supervisor(max_deaths=3, window_seconds=100.0)
    for now in (0.0, 10.0):
        assert isinstance(supervisor.died("actor a-0", "first", now), Replace)
    answer = supervisor.died("actor a-0", "the arm is stuck", now=25.0)
    assert answer == GiveUp("actor a-0 died 3 times within 25 s, the last time because: the arm is stuck")
    assert supervisor.restarts("actor a-0") == 2


def test_deaths_beyond_the_window_are_forgiven():
    """Any number of deaths is fine if they are far enough apart, and lives go on counting."""
    supervisor = Supervisor(max_deaths=2, window_seconds=10.0)
    answers = [supervisor.died("a", "x", now=11.0 * number) for number in range(20)]
    assert answers == [Replace("a", number + 1, 11.0 * number) for number in range(20)]


def test_the_edge_of_the_window_still_counts():
    """A death exactly one window ago is not forgiven yet."""
    supervisor = Supervisor(max_deaths=2, window_seconds=10.0)
    supervisor.died("a", "x", now=0.0)
    assert isinstance(supervisor.died("a", "x", now=10.0), GiveUp)


def test_processes_are_counted_apart():
    """One that dies often does not use up another's chances."""
    supervisor = Supervisor(max_deaths=2, window_seconds=10.0)
    for name in ("a", "b", "c"):
        assert supervisor.died(name, "x", now=0.0) == Replace(name, 1, 0.0)
    assert supervisor.restarts("a") == 1
    assert supervisor.restarts("nobody") == 0


def test_a_single_chance_is_used_up_by_the_first_death():
    """With max_deaths 1 nothing is replaced."""
    assert isinstance(Supervisor(1, 10.0).died("a", "x", now=5.0), GiveUp)


def test_leaving_with_a_node_is_no_death():
    """However often a process goes with its node, its next life begins at once, and is counted."""
    supervisor = Supervisor(max_deaths=2, window_seconds=100.0)
    assert [supervisor.left("a", now=float(n)) for n in range(5)] == [
        Replace("a", n + 1, float(n)) for n in range(5)
    ]
    assert supervisor.died("a", "x", now=6.0) == Replace("a", 6, 6.0)


def test_deaths_on_a_node_that_went_are_taken_back():
    """The end of the process was noticed first; deaths on other nodes, and of others there, stay apart."""
    supervisor = Supervisor(max_deaths=3, window_seconds=100.0)
    supervisor.died("a", "x", now=0.0, node_id="one")
    supervisor.died("b", "x", now=0.0, node_id="two")
    supervisor.died("a", "x", now=1.0, node_id="two")
    supervisor.node_went("one")
    assert supervisor.died("a", "x", now=2.0, node_id="two") == Replace("a", 3, 3.0)
    assert isinstance(supervisor.died("a", "x", now=3.0, node_id="two"), GiveUp)
    assert supervisor.died("b", "x", now=3.0, node_id="two") == Replace("b", 2, 4.0)
