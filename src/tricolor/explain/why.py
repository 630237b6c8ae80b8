"""Explain the sites of one line in full: all ways in which a value escapes, and which single change would keep it on the stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

from tricolor.decide.decisions import Alone
from tricolor.escape.analyse import analyse_again
from tricolor.escape.batch import Batch
from tricolor.escape.changes import FitsStack, HeldByValue
from tricolor.escape.flow_text import location_text
from tricolor.escape.graph import Flow, Location
from tricolor.escape.naming import Names
from tricolor.escape.sizes import MAX_IMPLICIT_BYTES, MAX_VARIABLE_BYTES
from tricolor.explain.chain import Narrator
from tricolor.explain.generic import GenericNames
from tricolor.explain.model import Effect, Parameter, Site
from tricolor.explain.parameters import effect_of, is_worse, parameters_in
from tricolor.explain.paths import Branch, leaks, steps_of, ways
from tricolor.explain.sites import described, explained_functions
from tricolor.explain.what_if import Trial, location_in, try_changes
from tricolor.frontend.records import Package, Position
from tricolor.ir import nodes as n

_PARAMETER: Final = "parameter"


@final
@dataclass(frozen=True, slots=True)
class Way:
    """One step of the tree: ``text`` says what happens to the value; the text of a leaf also says why that makes the value escape."""

    text: str
    position: Position
    below: tuple[Way, ...]


@final
@dataclass(frozen=True, slots=True)
class TriedChange:
    """A change of the source, as a condition ("x were not passed to f (line 3)"). ``outcome``: the result of this change alone ("it stays on the
    stack"); empty if the change does not help."""

    text: str
    position: Position
    outcome: str

    @property
    def helps(self) -> bool:
        return bool(self.outcome)


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """The full explanation of one site or parameter. ``ways`` and ``changes`` are empty if it does not escape."""

    about: Site | Parameter
    ways: tuple[Way, ...]
    changes: tuple[TriedChange, ...]


def answers(alone: Alone, file: Path, line: int, column: int = 0) -> list[Answer]:
    """Explain the sites and parameters of a line, or of one column if it is not 0. Of several instances of generic code, explain the first site
    and the parameter that leaks most."""

    def is_asked(at: Position) -> bool:
        return at.line == line and (not column or at.column == column) and Path(at.file) == file

    generic = GenericNames(alone.typed)
    found: dict[tuple[Position, str], Answer] = {}
    worst: dict[Position, tuple[Package, n.Func, Parameter, n.Var]] = {}
    for package, func in explained_functions(alone):
        for param, parameter in parameters_in(alone, package, func):
            at = parameter.position
            if is_asked(at) and (at not in worst or is_worse(parameter, worst[at][2])):
                worst[at] = (package, func, parameter, param)
        for site, node in described(alone, package, func):
            at = site.position
            if is_asked(at) and (at, site.kind) not in found:
                answer = _answer(alone, package, func, site, node)
                found[at, site.kind] = _renamed(answer, generic.as_declared(site, func), generic.renamer(func))
    for at, (package, func, parameter, param) in worst.items():
        answer = _parameter_answer(alone, package, func, parameter, param)
        found[at, _PARAMETER] = _renamed(answer, generic.parameter_as_declared(parameter, func), generic.renamer(func))
    return sorted(found.values(), key=lambda answer: answer.about.position.column)


def _renamed(answer: Answer, about: Site | Parameter, renamed: Callable[[str], str]) -> Answer:
    def way(of: Way) -> Way:
        return replace(of, text=renamed(of.text), below=tuple(map(way, of.below)))

    changes = tuple(replace(change, text=renamed(change.text)) for change in answer.changes)
    return Answer(about, tuple(map(way, answer.ways)), changes)


def _answer(alone: Alone, package: Package, func: n.Func, site: Site, node: n.Var | n.Expr | None) -> Answer:
    if node is None:
        return Answer(site, (), ())
    b = _graph(alone, func)
    location = location_in(b, node)
    if not location.escapes:
        return Answer(site, (), ())
    return _tree(alone, package, func, Answer(site, (), ()), b, node, ways(b, location), _outcome_of_site)


def _parameter_answer(alone: Alone, package: Package, func: n.Func, parameter: Parameter, param: n.Var) -> Answer:
    if func.body is None or parameter.effect is Effect.STAYS:
        return Answer(parameter, (), ())
    b = _graph(alone, func)
    location = location_in(b, param)
    tree = ways(b, location) if location.escapes else leaks(b, location)
    return _tree(
        alone,
        package,
        func,
        Answer(parameter, (), ()),
        b,
        param,
        tree,
        lambda after: _outcome_of_parameter(parameter, effect_of(after.leaks)),
    )


def _graph(alone: Alone, func: n.Func) -> Batch:
    return analyse_again(alone.escape.batches[alone.escape.batch_of[func]], alone.escape.tags, None)


def _outcome_of_site(after: Location) -> str:
    return "" if after.escapes else "it stays on the stack"


def _outcome_of_parameter(before: Parameter, after: Effect) -> str:
    if not is_worse(before, after):
        return ""
    return {Effect.RESULT: "it is only returned", Effect.CONTENT: "only what it points to leaks"}.get(after, "it does not escape")


def _tree(
    alone: Alone,
    package: Package,
    func: n.Func,
    answer: Answer,
    b: Batch,
    node: n.Var | n.Expr,
    tree: Sequence[Branch],
    outcome: Callable[[Location], str],
) -> Answer:
    """The answer with its ways, and with the outcome of each single change to one of their steps."""
    names = Names(func.pkg, alone.wording, alone.escape.temporaries, func.pkg, for_readers=True)
    wording = _Wording(Narrator(alone.escape, names, alone.typed.position), location_in(b, node), outcome)
    trials = try_changes(b, alone.escape.tags, node, [branch for branch in steps_of(tree) if wording.shows(branch)])
    return replace(answer, ways=tuple(wording.ways(tree)), changes=tuple(map(wording.change, trials)))


def uninstantiated(alone: Alone, file: Path, line: int) -> str:
    """The name of the generic function around a line if no named package uses it (Go decides only about instances); else empty."""
    decided = {func.pos for _, func in explained_functions(alone)}
    position = alone.typed.position
    for package in alone.typed.roots:
        for decl in alone.typed.functions(package):
            if not (decl.type_params or decl.receiver_type_params) or decl.pos in decided:
                continue
            start = position(decl.func_pos)
            if Path(start.file) == file and start.line <= line <= position(decl.end_pos).line:
                return decl.name
    return ""


_BY_ADDRESS: Final = "the address of "


@final
@dataclass(frozen=True, slots=True)
class _Wording:
    """Puts ways and changes into words."""

    narrator: Narrator
    origin: Location
    outcome: Callable[[Location], str]

    def ways(self, branches: Sequence[Branch]) -> Iterator[Way]:
        for branch in branches:
            yield from self._way(branch)

    def shows(self, branch: Branch) -> bool:
        """Whether source shows the step, so that it has a text."""
        return any(step.text for step in self.narrator.step(branch.step))

    def _way(self, branch: Branch) -> tuple[Way, ...]:
        """The steps of a branch, each below the one before: one for each context that the value passes through."""
        below = tuple(self.ways(branch.below))
        steps = [step for step in self.narrator.step(branch.step) if step.text]
        if not branch.below:
            ending = self._ending(branch)
            if not steps:
                return (Way(ending, self.narrator.position(0), ()),)
            last = steps.pop()
            below = (Way(f"{last.text}, {ending}", last.position, ()),)
        if branch.through:
            below = (Way(f"where {self._name(branch.step.dst)} is itself on the heap:", self.narrator.position(0), below),)
        for step in reversed(steps):
            below = (Way(step.text, step.position, below),)
        return below

    def _ending(self, branch: Branch) -> str:
        dst = branch.step.dst
        if dst.node is not None and dst.escapes and not dst.result_index:
            return f"and {self._name(dst)} is itself on the heap"
        return self.narrator.ending(Flow(dst, (branch.step,)), self.origin)

    def _name(self, location: Location) -> str:
        if location.node is None or isinstance(location.node, n.Var):
            return location_text(location, self.narrator.names)
        return self.narrator.subject(location.node, location)

    def change(self, trial: Trial) -> TriedChange:
        if isinstance(trial.change, HeldByValue):
            name = trial.change.var.name
            return TriedChange(
                f"{name} were not assigned after a func literal captures it (the func literal then holds a copy)",
                self.narrator.position(trial.change.var.pos),
                self.outcome(trial.location),
            )
        if isinstance(trial.change, FitsStack):
            node = trial.change.node
            most = MAX_VARIABLE_BYTES if isinstance(node, n.Var) else MAX_IMPLICIT_BYTES
            return TriedChange(f"it had at most {most} bytes", self.narrator.position(node.pos), self.outcome(trial.location))
        assert trial.branch is not None
        steps = [step for step in self.narrator.step(trial.branch.step) if step.text]
        step = steps[-1]
        return TriedChange(f"{self._denied(trial.branch.step.src)} {step.text}", step.position, self.outcome(trial.location))

    def _denied(self, location: Location) -> str:
        """That a use of the location is left out. Of another variable, which refers to the value, its value must not be used either."""
        subject = self._subject(location)
        variable = subject.removeprefix(_BY_ADDRESS)
        if variable != subject and location.node is not self.origin.node:
            return f"neither {variable} nor its address were"
        return f"{subject} were not"

    def _subject(self, location: Location) -> str:
        if location.node is None:
            return "the value"
        if isinstance(location.node, n.SliceLit) and location.node.variadic and self.origin.node is not None:
            location = self.origin
        node = location.node
        if isinstance(node, n.Var) and node in self.narrator.names.temporaries:
            node = self.narrator.names.temporaries[node]
        assert node is not None
        return self.narrator.subject(node, location)
