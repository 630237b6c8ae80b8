"""Loading: diagnostics, modules, overlays, tags, embedded files, positions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.frontend.conftest import LoadFiles
from tests.frontend.nodes import function, main_package, nodes
from tricolor.base.errors import EnvironmentFault
from tricolor.cache.store import cache_dir
from tricolor.frontend import toolchain
from tricolor.frontend.load import LoadRequest, list_files, load
from tricolor.frontend.program import Program
from tricolor.frontend.toolchain import ensure_goload, find_toolchain

GoFiles = Callable[[Mapping[str, str]], Path]


def diagnostics(folder: Path, *patterns: str) -> str:
    result = load(LoadRequest(patterns, folder))
    assert result.program is None
    return result.diagnostics


def test_a_type_error_is_printed_as_go_build_prints_it(go_files: GoFiles) -> None:
    folder = go_files({"x.go": "package main\n\nfunc main() {\n\tundefined()\n}\n"})
    assert diagnostics(folder, "x.go") == "# command-line-arguments\n./x.go:4:2: undefined: undefined\n"


def test_a_syntax_error_is_printed_as_go_build_prints_it(go_files: GoFiles) -> None:
    folder = go_files({"x.go": "package main\n\nfunc main() {\n\tx := 3 4\n}\n"})
    text = diagnostics(folder, "x.go")
    assert text == "# command-line-arguments\n./x.go:4:9: syntax error: unexpected literal 4 at end of statement\n"


def test_a_missing_import_is_named(go_files: GoFiles) -> None:
    folder = go_files({"x.go": 'package main\n\nimport "nosuch"\n\nfunc main() { nosuch.F() }\n'})
    assert diagnostics(folder, "x.go").startswith("x.go:3:8: package nosuch is not in std")


def test_a_missing_file_is_named(go_files: GoFiles) -> None:
    assert "nofile.go" in diagnostics(go_files({}), "nofile.go")


def test_a_module_that_does_not_resolve_is_named(go_files: GoFiles) -> None:
    folder = go_files({
        "go.mod": "module example.com/m\n\ngo 1.27\n",
        "main.go": 'package main\n\nimport _ "example.com/other/p"\n\nfunc main() {}\n',
    })  # fmt: skip
    assert "no required module provides package example.com/other/p" in diagnostics(folder, ".")


def test_the_language_version_of_the_module_counts(go_files: GoFiles) -> None:
    folder = go_files({
        "go.mod": "module example.com/m\n\ngo 1.20\n",
        "main.go": "package main\n\nfunc main() {\n\tfor range 3 {\n\t}\n}\n",
    })  # fmt: skip
    assert "requires go1.22 or later (-lang was set to go1.20; check go.mod)" in diagnostics(folder, ".")


def test_a_module_with_several_packages(load_files: LoadFiles) -> None:
    program = load_files(
        {
            "go.mod": "module example.com/m\n\ngo 1.21\n",
            "main.go": 'package main\n\nimport "example.com/m/sub"\n\nfunc main() { sub.F() }\n',
            "sub/sub.go": "package sub\n\nfunc F() {}\n",
        },
        ".",
    )
    paths = [p.path for p in program.packages]
    assert paths.index("example.com/m/sub") < paths.index("example.com/m")
    sub = program.package("example.com/m/sub")
    assert sub is not None and sub.dep_only and not sub.standard
    assert sub.module is not None and (sub.module.path, sub.go_version) == ("example.com/m", "go1.21")
    assert (main_package(program).symbol_path, sub.symbol_path) == ("main", "example.com/m/sub")


def test_a_package_is_loaded_once_even_if_a_command_has_a_profile(go_files: GoFiles) -> None:
    main = 'package main\n\nimport "example.com/m/lib"\n\nfunc main() { lib.F() }\n'
    folder = go_files({
        "go.mod": "module example.com/m\n\ngo 1.27\n",
        "profiled/main.go": main,
        "profiled/default.pgo": "",
        "plain/main.go": main,
        "lib/lib.go": 'package lib\n\nimport "sync/atomic"\n\nfunc F() { atomic.AddInt32(new(int32), 1) }\n',
    })  # fmt: skip
    program = load(LoadRequest(("./...",), folder)).program
    assert program is not None
    assert [package.path for package in program.roots].count("example.com/m/lib") == 1


def test_build_tags_select_files(load_files: LoadFiles) -> None:
    files = {
        "go.mod": "module example.com/m\n\ngo 1.27\n",
        "a.go": "//go:build special\n\npackage main\n\nfunc main() { println(1) }\n",
        "b.go": "//go:build !special\n\npackage main\n\nfunc main() {}\n",
    }
    plain = load_files(files, ".")
    special = load_files(files, ".", tags=("special",))
    names = [[Path(p.files[i].path).name for i in main_package(p).files] for p in (plain, special)]
    assert names == [["b.go"], ["a.go"]]


def test_tags_in_goflags_count_too(go_files: GoFiles) -> None:
    folder = go_files({
        "go.mod": "module example.com/m\n\ngo 1.27\n",
        "a.go": "//go:build one && two\n\npackage main\n\nfunc main() {}\n",
    })  # fmt: skip
    env = dict(os.environ) | {"GOFLAGS": "-tags=two"}
    files = list_files(LoadRequest((".",), folder, ("one",), environment=env)).files
    assert folder / "a.go" in files


def test_an_overlay_replaces_a_file_of_the_standard_library(go_files: GoFiles) -> None:
    root = toolchain.find_toolchain().root
    replaced = root / "src" / "unicode" / "utf8" / "utf8.go"
    folder = go_files({
        "x.go": 'package main\n\nimport "unicode/utf8"\n\nfunc main() { utf8.Ours() }\n',
        "utf8.go": "package utf8\n\nfunc Ours() {}\n",
    })  # fmt: skip
    request = LoadRequest(("x.go",), folder, overlay={str(replaced): str(folder / "utf8.go")})
    program = load(request).program
    assert program is not None
    utf8 = program.package("unicode/utf8")
    assert utf8 is not None
    assert [f.name for f in program.functions(utf8)] == ["Ours"]
    (file,) = (program.files[i] for i in utf8.files)
    assert (file.path, file.source) == (str(replaced), str(folder / "utf8.go"))
    assert folder / "utf8.go" in list_files(request).files


def test_embedded_files_are_listed_for_each_variable(load_files: LoadFiles) -> None:
    program = load_files(
        {
            "go.mod": "module example.com/m\n\ngo 1.27\n",
            "main.go": (
                'package main\n\nimport _ "embed"\n\n'
                "//go:embed a.txt\nvar a string\n\n"
                '//go:embed "b*.txt"\nvar b []byte\n\nfunc main() {}\n'
            ),
            "a.txt": "A",
            "b1.txt": "B",
        },
        ".",
    )
    package = main_package(program)
    assert [(v.embed_patterns, v.embed_files) for v in package.variables] == [
        (("a.txt",), ("a.txt",)),
        (("b*.txt",), ("b1.txt",)),
    ]
    assert package.embed_files == ("a.txt", "b1.txt")


def test_linknames_and_functions_without_body_are_recorded(load_files: LoadFiles) -> None:
    program = load_files(
        {
            "x.go": (
                'package main\n\nimport _ "unsafe"\n\n//go:linkname nano runtime.nanotime\nfunc nano() int64\n\nfunc main() { nano() }\n'
            )
        }
    )
    (linkname,) = main_package(program).linknames
    assert (linkname.local, linkname.target) == ("nano", "runtime.nanotime")
    assert function(program, "nano").body is None


def test_line_comments_move_positions(load_files: LoadFiles) -> None:
    program = load_files({"x.go": "package main\n\nfunc main() {\n\tprintln(1)\n//line /gen/y.y:10:5\n\tprintln(2)\n}\n"})
    first, second = (program.position(n[1]) for n in nodes(program, "main", "CallExpr"))
    assert Path(first.file).name == "x.go" and (first.line, first.column) == (4, 9)
    assert str(second) == "/gen/y.y:10:13"


def test_positions_of_every_function_agree_with_the_source(load_files: LoadFiles) -> None:
    program = load_files({"x.go": "package main\n\nfunc main() { println() }\n"})
    runtime = program.package("runtime")
    assert runtime is not None
    for decl in list(program.functions(runtime))[::50]:
        file = program.files[decl.file]
        at = program.position(decl.pos)
        line = Path(file.source).read_bytes().split(b"\n")[at.line - 1]
        assert line[at.column - 1 :].startswith(decl.name.encode())


def test_the_same_program_gives_the_same_numbers(load_files: LoadFiles) -> None:
    files = {"x.go": "package main\n\nfunc main() { println(new(int)) }\n"}

    def fingerprint(program: Program) -> object:
        package = main_package(program)
        return [(f.object, f.pos, program.body(f)) for f in program.functions(package)]

    assert fingerprint(load_files(files)) == fingerprint(load_files(files))


def test_another_version_of_go_is_refused(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text("go1.26.0\ntime x\n")
    with pytest.raises(EnvironmentFault, match=r"is go1\.26\.0; go1\.27\.3 is needed"):
        toolchain.check_version(toolchain.Toolchain(tmp_path))


def test_a_file_that_is_no_typed_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"something else that is longer than the magic line")
    with pytest.raises(EnvironmentFault):
        Program.open(path)


def test_a_cache_that_cannot_be_written_is_named(go_files: GoFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = go_files({"x.go": "package main\n\nfunc main() {}\n", "file": ""})
    monkeypatch.setenv("TRICOLOR_CACHE", str(folder / "file" / "cache"))
    with pytest.raises(EnvironmentFault, match="cache cannot be written"):
        load(LoadRequest(("x.go",), folder))


def test_nothing_is_left_in_the_cache_after_a_load(load_files: LoadFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Use an empty cache that shares only the helper, since its build takes long.
    helper = ensure_goload(find_toolchain()).parents[1]
    (tmp_path / "goload").symlink_to(helper)
    monkeypatch.setenv("TRICOLOR_CACHE", str(tmp_path))
    load_files({"x.go": "package main\n\nfunc main() {}\n"})
    assert list((cache_dir() / "tmp").glob("typed-program-*")) == []
