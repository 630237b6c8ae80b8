"""Finds code that can never run: branches of constant conditions, and statements after a return, goto or panic. Like Go's compiler, the
builder leaves such code out before any analysis.

Source: cmd/compile/internal/noder/writer.go (staticBool, terminates, stmts, switchStmt).
"""

from __future__ import annotations

from typing import Any

from tricolor.ir.build.state import Node


def static_bool(node: Node) -> bool | None:
    """The value that a condition always has; None if it is not constant. Its operands may still have effects."""
    tv: Any = node[2]
    if tv.__class__ is list:
        value = tv[1]
        return bool(value[1]) if value[0] == "b" else None
    if node[0] == "UnaryExpr" and node[3] == "!":
        x = static_bool(node[4])
        return None if x is None else not x
    if node[0] == "BinaryExpr" and node[3] in ("&&", "||"):
        decisive = node[3] == "||"
        x, y = static_bool(node[4]), static_bool(node[5])
        if decisive in (x, y):
            return decisive
        return None if None in (x, y) else not decisive
    return None


def pruned(node: Node) -> Node:
    """The condition without operands of && and || that are never evaluated, or that are constants without influence."""
    if node[0] != "BinaryExpr" or node[3] not in ("&&", "||") or type(node[2]) is list:
        return node
    decisive = node[3] == "||"
    x, y = static_bool(node[4]), static_bool(node[5])
    if x is decisive:
        return pruned(node[4])
    constant = type(node[4][2]) is list
    if (x is not None or y is decisive) and constant:
        return pruned(node[5])
    return node


def live(nodes: list[Node]) -> list[Node]:
    """The statements up to the first one that ends the list, and later declarations. All statements before the last label stay, since
    a goto may reach the label."""
    last_label = max((i for i, node in enumerate(nodes) if node[0] == "LabeledStmt"), default=-1)
    for i, node in enumerate(nodes):
        if i >= last_label and terminates(node):
            rest = [later for later in nodes[i + 1 :] if later[0] == "DeclStmt"]
            return nodes if len(rest) == len(nodes) - i - 1 else [*nodes[: i + 1], *rest]
    return nodes


def terminates(node: Node | None) -> bool:
    """Whether control never reaches the end of the statement. False means unknown: like Go's compiler, this finds only some statements."""
    if node is None:
        return False
    match node[0]:
        case "ReturnStmt":
            return True
        case "BranchStmt":
            return bool(node[2] == "goto")
        case "ExprStmt":
            call = node[2]
            return bool(call[0] == "CallExpr" and call[3] == "builtin" and call[4] == "panic")
        case "IfStmt":
            value = static_bool(node[3])
            return (value is False or terminates(node[4])) and (value is True or terminates(node[5]))
        case "BlockStmt":
            last = next((stmt for stmt in reversed(node[2]) if stmt[0] != "EmptyStmt"), None)
            return terminates(last)
        case _:
            return False


def always_taken(tag: Node | None, clauses: list[Node]) -> list[Node] | None:
    """The live clauses of a switch whose tag and cases are constants: one clause, as the default, or none.

    None if the taken clause is unknown, or ends in fallthrough."""
    value: Any = ["b", True]
    if tag is not None:
        if tag[2].__class__ is not list:
            return None
        value = tag[2][1]
    target: Node | None = None
    for clause in clauses:
        if clause[2] is None:
            target = clause
            continue
        found = False
        for case in clause[2]:
            if case[2].__class__ is not list:
                return None
            found = found or case[2][1] == value
            if found:
                break
        if found:
            target = clause
            break
    if target is None:
        return []
    if any(stmt[0] == "BranchStmt" and stmt[2] == "fallthrough" for stmt in target[3][-1:]):
        return None
    return [[*target[:2], None, *target[3:]]]
