import pytest

from playground.sandboxes import limits
from playground.sandboxes.home import Home


@pytest.fixture
def changes():
    return []


@pytest.fixture
def home(changes):
    return Home({"a.yaml": "kind: Pod"}, lambda path, text: changes.append((path, text)))


def test_files_are_read_written_listed_and_deleted(home, changes):
    home.write("dir/b.yaml", "x")
    assert home.read("./dir/b.yaml") == "x"
    assert home.list() == ["a.yaml", "dir/b.yaml"]
    home.delete("a.yaml")
    assert home.list() == ["dir/b.yaml"]
    assert changes == [("dir/b.yaml", "x"), ("a.yaml", None)]


def test_writing_what_is_there_already_is_no_change(home, changes):
    home.write("a.yaml", "kind: Pod")
    assert changes == []


def test_a_file_that_is_not_there_is_not_found(home):
    with pytest.raises(FileNotFoundError):
        home.read("b.yaml")
    with pytest.raises(FileNotFoundError):
        home.delete("b.yaml")


@pytest.mark.parametrize("path", ["", "/", "..", "../etc/passwd", "a/../../b", "a\nb", "a\x00b", "x" * 201])
def test_a_path_that_leads_out_or_is_no_name_is_refused(home, changes, path):
    with pytest.raises(OSError, match="is no name for a file"):
        home.write(path, "x")
    assert changes == []


def test_a_file_that_is_too_large_is_refused(home, changes):
    home.write("fits.yaml", "x" * limits.MAX_FILE_BYTES)
    with pytest.raises(OSError, match=r"^big\.yaml has 3\.0 MiB; a file may have at most 1\.0 MiB$"):
        home.write("big.yaml", "界" * limits.MAX_FILE_BYTES)
    assert [path for path, _ in changes] == ["fits.yaml"]


def test_a_sandbox_keeps_so_many_files_and_no_more(home):
    for number in range(limits.MAX_FILES - 1):
        home.write(f"f{number}", "")
    with pytest.raises(OSError, match="a sandbox keeps at most 100 files: delete one first"):
        home.write("one-more", "")
    home.write("f0", "a file that is there may change")
