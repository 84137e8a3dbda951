"""Laws of rollouts over random histories, with every port a fake: kills anywhere, also during recovery, faults of git.

Whatever happened, once everything works again a few runs bring the environment to rest: git, traffic and the ledger
agree, nothing is left over, and what was never verified serves nobody alone.
"""

import tempfile
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from trueup.core.digests import Digest
from trueup.core.errors import TrueupError
from trueup.ledger.history import verified_releases
from trueup.observed.traffic import Answered, Traffic
from trueup.ports import Route
from trueup.workflows.holding import holds, lift
from trueup.workflows.pending import pending
from trueup.workflows.planning import Invalid
from trueup.workflows.status import status
from workspaces import Declared, FakeWorkspace, KilledError

ANALYSIS = '{metrics: [{name: error_rate, successCondition: "<= 5%", interval: 5s}], minRequests: 50, patience: 30s}'
ROLLOUTS = {
    "canary": "{strategy: canary, steps: [{setWeight: 10, pause: {duration: 10s}}, "
    f"{{analysis: {ANALYSIS}}}, {{setWeight: 50}}, {{analysis: {ANALYSIS}}}]}}",
    "blueGreen": f"{{strategy: blueGreen, analysis: {ANALYSIS}}}",
    "plain": "{strategy: blueGreen}",
    "shadow": f"{{strategy: shadow, mirror: {{percent: 50}}, analysis: {ANALYSIS}}}",
    "inPlace": f"{{strategy: inPlace, analysis: {ANALYSIS}}}",
    "recreate": f"{{strategy: recreate, analysis: {ANALYSIS}}}",
}
MODELS = ("smol@1", "smol@2", "tiny@2")


class Histories(RuleBasedStateMachine):
    """One environment with one deployment, and everything that happens to it."""

    survived = 0

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.shop = FakeWorkspace(Path(self._folder.name), [])
        self.bad: set[Digest] = set()
        self.shop.work.answered = self._answered
        self.is_silent = False

    def _answered(self, environment: str, route: Route, since: datetime) -> Traffic:
        def samples(release: Digest) -> tuple[Answered, ...]:
            bad = release in self.bad
            return tuple(
                Answered(since.timestamp() + 1, 200, failed=bad and n % 3 == 0, seconds=0.1) for n in range(300)
            )

        beside = route.split.candidates if route.split is not None else ()
        served = {route.release: samples(route.release)} | {c.release: samples(c.release) for c in beside if c.weight}
        return Traffic(since, served, {c.release: samples(c.release) for c in beside if c.mirror})

    @initialize()
    def first_release(self) -> None:
        self.shop.declare(Declared(model="smol@1", rollout=ROLLOUTS["plain"]))
        self.shop.apply()
        self.verified = set(self.shop.served().values())

    @rule(model=st.sampled_from(MODELS), strategy=st.sampled_from(sorted(ROLLOUTS)))
    def declare(self, model: str, strategy: str) -> None:
        self.shop.declare(Declared(model=model, rollout=ROLLOUTS[strategy]))

    @rule()
    def the_declared_release_turns_out_bad(self) -> None:
        found = status(self.shop, "dev")
        assert not isinstance(found, Invalid)
        release = Digest(found.deployments[0].release)
        if release not in self.shop.served().values():
            self.bad.add(release)

    @rule()
    def releases_are_mended(self) -> None:
        self.bad.clear()

    @rule(effects=st.integers(0, 60))
    def apply_and_be_killed(self, effects: int) -> None:
        self.shop.fuse.left, self.shop.fuse.burnt = effects, 0
        try:
            self.shop.apply()
        except KilledError:
            Histories.survived += 1
        except TrueupError:
            pass  # told, and nothing done
        finally:
            self.shop.fuse.left = None

    @rule()
    def apply_to_the_end(self) -> None:
        self.shop.apply()

    @rule(commits=st.booleans(), pushes=st.booleans())
    def rights_in_git_change(self, commits: bool, pushes: bool) -> None:
        self.shop.commits_fail, self.shop.push_refused = not commits, "" if pushes else "protected branch"

    @rule(order=st.sampled_from(["continue", "abort"]))
    def someone_says(self, order: str) -> None:
        self.shop.orders.give("dev", "support", order)

    @rule(seconds=st.integers(-3_600, 3_600))
    def the_clock_moves(self, seconds: int) -> None:
        self.shop.clock.sleep(seconds)

    @rule()
    def servers_crash(self) -> None:
        for key in sorted(self.shop.running())[:1]:
            self.shop.work.crash("dev", key)

    @rule()
    def somebody_lifts_what_is_held(self) -> None:
        if holds(self.shop, "dev"):
            lift(self.shop, "dev", "support")

    @invariant()
    def all_traffic_is_a_verified_releases_or_shared_with_one(self) -> None:
        known = {v.release for v in verified_releases(tuple(self.shop.ledger.records()), "dev")}
        for route in self.shop.work.observe("dev").routes:
            # Killed between its route and the record: nobody had time to say that it is verified.
            assert route.release in known or self.shop.journal.unfinished("dev")

    def teardown(self) -> None:
        try:
            self._comes_to_rest()
        finally:
            self._folder.cleanup()

    def _comes_to_rest(self) -> None:
        shop = self.shop
        shop.heal()
        shop.orders.left.clear()
        self.bad.clear()
        for _ in range(4):
            applied = shop.apply()
            if applied.denied is not None:
                assert holds(shop, "dev"), "nothing but a hold denies here"
                lift(shop, "dev", "support")
        found = status(shop, "dev")
        assert not isinstance(found, Invalid)
        assert found.is_in_sync, (found.pending, found.unfinished, [d.reason for d in found.deployments])
        assert pending(shop, "dev") == ()
        (route,) = shop.work.observe("dev").routes
        (row,) = found.deployments
        assert route.release == row.release, "git and traffic agree"
        assert (route.split, route.held) == (None, False)
        assert shop.running() == {route.server}
        assert shop.ledger.verify()[1] == ()


Histories.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestHistories = Histories.TestCase
