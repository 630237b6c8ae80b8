"""Passes over the IR, after ``ir.build`` and before code generation. Each is a function that changes the functions of a program or
computes facts about them. ``alone`` runs those that Go's compiler runs before it analyses a package by itself.
"""
