"""Checks that no address of a struct in a frame is kept after the call.

Method:
    A local *points into the frame* if ``stack_struct`` made it, or if it was ever assigned an address that is
    computed from such a local. The check follows the text of one function once, from top to bottom.

Limits:
    The check does not see what a callee does with an address, nor addresses that are loaded from memory. The simulation
    finds these: it frees the struct at the return, so that every later access faults.
"""

from __future__ import annotations

import ast

from tricolor.kernel.body import Body
from tricolor.kernel.diagnostics import fault
from tricolor.kernel.tree import (
    AddressOf,
    AddressPlace,
    Binary,
    Conditional,
    Convert,
    ElementPlace,
    Expression,
    FieldPlace,
    GlobalPlace,
    Local,
    Place,
)

ADVICE = "use memory that outlives the call"


def note_local(body: Body, name: str, value: Expression) -> None:
    """Records what a local points to after an assignment."""
    if points_into_frame(body, value):
        body.frame_pointers.add(name)


def check_returned(body: Body, node: ast.AST, values: tuple[Expression, ...]) -> None:
    """Raises KernelError (K027) if a result points into the frame."""
    if any(points_into_frame(body, each) for each in values):
        raise fault("K027", body.position(node), f"{body.function.name} returns the address of a struct in its frame", ADVICE)


def check_stored(body: Body, node: ast.AST, place: Place, value: Expression) -> None:
    """Raises KernelError (K027) if an address in the frame is stored anywhere else."""
    if points_into_frame(body, value) and not _is_in_frame(body, place):
        raise fault("K027", body.position(node), "the address of a struct in the frame is stored", ADVICE)


def check_stored_at(body: Body, node: ast.AST, address: Expression, value: Expression) -> None:
    """As check_stored(), for a store to an address."""
    if points_into_frame(body, value) and not points_into_frame(body, address):
        raise fault("K027", body.position(node), "the address of a struct in the frame is stored", ADVICE)


def check_thread_record(body: Body, node: ast.AST, record: Expression) -> None:
    """Raises KernelError (K027) if a thread's record lies in the frame."""
    if points_into_frame(body, record):
        raise fault("K027", body.position(node), "the record of a thread lies in the frame", ADVICE)


def points_into_frame(body: Body, value: Expression) -> bool:
    """Whether the value is an address in a struct of the function's frame."""
    match value:
        case Local(name=name):
            return name in body.frame_pointers
        case AddressOf(place=place):
            return _is_in_frame(body, place)
        case Convert(operand=operand):
            return points_into_frame(body, operand)
        case Binary(operator="+" | "-" | "&" | "|", left=left, right=right):
            return points_into_frame(body, left) or points_into_frame(body, right)
        case Conditional(yes=yes, no=no):
            return points_into_frame(body, yes) or points_into_frame(body, no)
        case _:
            return False


def _is_in_frame(body: Body, place: Place) -> bool:
    match place:
        case FieldPlace():
            return points_into_frame(body, place.base)
        case ElementPlace():
            return _is_in_frame(body, place.base)
        case AddressPlace():
            return points_into_frame(body, place.address)
        case GlobalPlace():
            return False
