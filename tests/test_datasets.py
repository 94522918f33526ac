"""Fetching: the real faults that a class meets, each with the real thing rather than a stand-in."""

import dataclasses
import gzip
import hashlib
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from pathlib import Path

import pytest
from conftest import skip_or_fail
from typer.testing import CliRunner

from ecomlab import datasets
from ecomlab.cli.data import app
from ecomlab.datasets import DataUnavailableError, catalogue, fetch, locations
from ecomlab.datasets.fetching import fetch_files, find_cached
from ecomlab.datasets.info import DatasetInfo, FileInfo, Source
from ecomlab.datasets.payload import PayloadError, checked_payload

LETTERS = b"abcdefgh" * 50_000
NUMBERS = b"01234567" * 10
NOBODY = 65534


# --- tools ---------------------------------------------------------------------------------


def file_info(name, payload, **changes):
    """Describe a file with a known payload."""
    digest = hashlib.sha256(payload).hexdigest()
    return FileInfo(**{"name": name, "sha256": digest, "size": len(payload)} | changes)


def dataset(*sources, files=None):
    """Describe a small data set of two files."""
    files = files or (file_info("letters", LETTERS), file_info("numbers", NUMBERS))
    return DatasetInfo("toy", "t", "MIT", "here", "c", "o", "", "committed", files, sources)


def url_source(address, path="{file}", member=""):
    return Source("url", url=f"http://127.0.0.1:{address[1]}/{path}", member=member)


def everything_in(folder):
    """Return every file below a folder except the lock, hidden ones too."""
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.name != ".lock")


def python(code, *arguments, **environment):
    """Start a process that runs some code with this project's package."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env=dict(os.environ, **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# What a process of its own runs: it gets the data set whose description is its argument.
FETCH = """
    import sys
    from ecomlab.datasets.fetching import fetch_files
    from ecomlab.datasets.info import DatasetInfo, FileInfo, Source
    info = eval(sys.argv[1])
    print(len(fetch_files(info, info.files)), "files")
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Give an empty cache, with no mirror and nothing forbidden."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ECOMLAB_CACHE", str(folder))
    monkeypatch.delenv("ECOMLAB_MIRROR", raising=False)
    monkeypatch.delenv("ECOMLAB_OFFLINE", raising=False)
    return folder


@pytest.fixture
def mirror(tmp_path, monkeypatch, cache):
    """Give a mirror that holds the toy data set, one of its files compressed."""
    folder = tmp_path / "mirror"
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "letters").write_bytes(LETTERS)
    (folder / "toy" / "numbers.gz").write_bytes(gzip.compress(NUMBERS))
    monkeypatch.setenv("ECOMLAB_MIRROR", str(folder))
    return folder


@pytest.fixture
def web(tmp_path):
    """Serve tmp_path/web on loopback by a real HTTP server.

    Gives its address, the requests it has seen, and its settings.
    """
    root = tmp_path / "web"
    root.mkdir()
    (root / "letters").write_bytes(LETTERS)
    (root / "numbers").write_bytes(NUMBERS)
    requests = []
    settings = {"delay": 0}

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(root))

        def do_GET(self):
            time.sleep(settings["delay"])
            super().do_GET()

        def log_request(self, code="-", size="-"):
            requests.append(self.path)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address, requests, settings
    server.shutdown()
    server.server_close()


@pytest.fixture
def dying_server():
    """Promise every client the letters, send half, then hang up or (`stall`) fall silent."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings = {"promise": True, "stall": False, "half_sent": threading.Event()}
    kept = []

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.recv(65536)
            length = f"Content-Length: {len(LETTERS)}\r\n" if settings["promise"] else ""
            client.sendall(f"HTTP/1.1 200 OK\r\nConnection: close\r\n{length}\r\n".encode())
            client.sendall(LETTERS[: len(LETTERS) // 2])
            settings["half_sent"].set()
            if settings["stall"]:
                kept.append(client)
            else:
                client.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname(), settings
    listener.close()
    for client in kept:
        client.close()


def closed_port():
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()


# --- the catalogue ---------------------------------------------------------------------------


def test_catalogue_is_complete():
    assert list(catalogue()) == [
        "fashion_mnist",
        "complete_journey",
        "cdnow",
        "diamonds",
        "womens_clothing_reviews",
        "online_shoppers",
        "yoochoose_100k",
        "grocery_store",
        "efficientnet_lite0",
    ]
    for info in catalogue().values():
        assert info.sample in ("committed", "drawn", "none")
        assert all((info.title, info.licence, info.licence_url, info.citation, info.origin))
        assert info.files
        assert info.sources
        for file in info.files:
            assert len(file.sha256) == 64
            assert file.size > 0


def test_catalogue_names_origins_and_no_package_registry():
    text = (Path(datasets.__file__).with_name("catalogue.toml")).read_text(encoding="utf-8")
    for host in ("pypi", "pythonhosted", "deb.debian", "conda", "/root", "/work"):
        assert host not in text


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "", "a\\b", "/etc/passwd"])
def test_a_file_name_never_leads_out_of_its_folder(name):
    with pytest.raises(ValueError, match="plain file name"):
        FileInfo(name, "0" * 64, 1)


def test_wrong_names_are_answered_with_near_ones(cache):
    with pytest.raises(ValueError, match="did you mean diamonds"):
        fetch("dimonds")
    with pytest.raises(ValueError, match=r"it has diamonds\.csv"):
        fetch("diamonds", ["x.csv"])
    with pytest.raises(ValueError, match='"full" or "sample"'):
        datasets.load_diamonds(size="small")
    with pytest.raises(ValueError, match="no table"):
        datasets.load_complete_journey("promotion")
    with pytest.raises(ValueError, match="load_promotions reads some"):
        datasets.load_complete_journey("promotions")


def test_nothing_in_the_package_unpickles():
    for module in Path(datasets.__file__).parent.glob("*.py"):
        code = module.read_text(encoding="utf-8")
        if module.name == "torch_weights.py":  # its unpickler refuses what weights do not need
            assert set(re.findall(r"\bpickle\.\w+", code)) == {"pickle.Unpickler"}
        else:
            assert "pickle" not in code.replace("unpickle", ""), module.name
        assert "extractall" not in code, module.name


# --- payloads --------------------------------------------------------------------------------


def test_two_compressions_of_one_payload_both_pass():
    file = file_info("letters", LETTERS)
    quick, thorough = gzip.compress(LETTERS, 1), gzip.compress(LETTERS, 9)
    assert quick != thorough
    assert checked_payload(quick, file) == checked_payload(thorough, file) == LETTERS


def test_a_cut_off_gzip_file_is_refused():
    with pytest.raises(PayloadError, match="cut off or damaged"):
        checked_payload(gzip.compress(LETTERS)[:-20], file_info("letters", LETTERS))


def test_a_bomb_does_not_fill_the_memory():
    bomb = gzip.compress(bytes(200_000_000), 1)
    code = """
        import resource, sys
        from ecomlab.datasets.info import FileInfo
        from ecomlab.datasets.payload import checked_payload, PayloadError
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            checked_payload(open(sys.argv[1], "rb").read(), FileInfo("x", "0" * 64, 1000))
        except PayloadError:
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"bomb-{os.getpid()}.gz"
    path.write_bytes(bomb)
    try:
        grown, errors = python(code, path).communicate()
    finally:
        path.unlink()
    assert int(grown) < 50_000, errors  # kilobytes


def test_copies_of_the_shoppers_file_are_brought_to_one_form():
    ours = b"Weekend,Revenue\nFALSE,1\nTRUE,0\n"
    file = file_info("s.csv", ours, normalise="line ends, last column as 0 or 1")
    for copy in (
        ours,
        ours.replace(b"\n", b"\r\n"),
        b"Weekend,Revenue\r\nFALSE,TRUE\r\nTRUE,FALSE\r\n",
    ):
        assert checked_payload(copy, file) == ours


# --- cache and mirror ------------------------------------------------------------------------


def test_mirror_fills_the_cache_once_and_shows_the_licence(mirror, cache, capsys):
    info = dataset()
    paths = fetch_files(info, info.files)
    assert paths["letters"].read_bytes() == LETTERS
    assert paths["numbers"].read_bytes() == NUMBERS
    assert "licence MIT" in capsys.readouterr().err
    shutil.rmtree(mirror)
    assert fetch_files(info, info.files) == paths
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("damage", [lambda b: b[:-7], lambda b: b[:-1] + b"!", lambda b: b""])
def test_a_damaged_cached_file_is_fetched_again(mirror, cache, damage, capsys):
    info = dataset()
    path = fetch_files(info, info.files)["letters"]
    path.write_bytes(damage(LETTERS))
    assert fetch_files(info, info.files)["letters"].read_bytes() == LETTERS
    assert "damaged" in capsys.readouterr().err


def test_a_damaged_cached_file_with_no_source_left_is_named(mirror, cache, monkeypatch):
    info = dataset()
    fetch_files(info, info.files)["letters"].write_bytes(b"x")
    monkeypatch.delenv("ECOMLAB_MIRROR")
    with pytest.raises(DataUnavailableError, match="the cache: damaged"):
        fetch_files(info, info.files)


def test_a_mirror_with_a_part_of_the_files_gives_that_part(mirror, cache, web):
    (mirror / "toy" / "letters").unlink()
    address, requests, _ = web
    info = dataset(url_source(address))
    assert len(fetch_files(info, info.files)) == 2
    assert requests == ["/letters"]


def test_a_wrong_file_in_the_mirror_is_refused(mirror, cache):
    (mirror / "toy" / "letters").write_bytes(LETTERS.upper())
    info = dataset()
    with pytest.raises(DataUnavailableError, match="sha256 of letters"):
        fetch_files(info, info.files)
    assert not (cache / "toy" / "letters").exists()


def test_system_folder_is_a_source_even_offline(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMLAB_OFFLINE", "1")
    (tmp_path / "letters.gz").write_bytes(gzip.compress(LETTERS))
    (tmp_path / "numbers").write_bytes(NUMBERS)
    info = dataset(Source("system", folder=str(tmp_path)))
    assert len(fetch_files(info, info.files)) == 2


# --- the network -----------------------------------------------------------------------------


def test_url_source_with_progress_on_standard_error(cache, web, capfd):
    info = dataset(url_source(web[0]))
    fetch_files(info, info.files)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "100%" in shown.err


@pytest.mark.parametrize("promise", [True, False])
def test_a_source_that_dies_half_way_leaves_nothing(cache, dying_server, promise):
    address, settings = dying_server
    settings["promise"] = promise
    info = dataset(url_source(address))
    reason = "cut off" if promise else "has 200,000 bytes, not 400,000"
    with pytest.raises(DataUnavailableError, match=reason):
        fetch_files(info, info.files)
    assert everything_in(cache) == []


def test_the_next_source_serves_when_one_dies(cache, dying_server, web):
    info = dataset(url_source(dying_server[0]), url_source(web[0]))
    assert fetch_files(info, info.files)["letters"].read_bytes() == LETTERS


def test_a_source_with_other_bytes_is_passed_over(cache, web, tmp_path):
    (tmp_path / "web" / "other").mkdir()
    (tmp_path / "web" / "other" / "letters").write_bytes(LETTERS.upper())
    info = dataset(url_source(web[0], "other/{file}"), url_source(web[0]))
    assert fetch_files(info, info.files[:1])["letters"].read_bytes() == LETTERS


def test_no_network_is_one_error_that_names_every_attempt(cache, web):
    info = dataset(
        Source("system", folder="/nowhere"),
        url_source(closed_port()),
        url_source(web[0], "absent/{file}"),
    )
    with pytest.raises(DataUnavailableError) as caught:
        fetch_files(info, info.files)
    message = str(caught.value)
    for part in (
        "Missing: letters, numbers",
        "the cache: absent",
        "/nowhere: no such folder",
        "no connection to the server",
        "the server answered 404",
        "ECOMLAB_MIRROR",
        'size="sample"',
    ):
        assert part in message
    assert "\n" not in caught.value.summary


def test_offline_tries_no_network_source(cache, web, monkeypatch):
    monkeypatch.setenv("ECOMLAB_OFFLINE", "1")
    info = dataset(
        url_source(web[0]),
        Source("wheel", package="p", version="1"),
        Source("debian", package="p", folder="/p"),
    )
    with pytest.raises(DataUnavailableError) as caught:
        fetch_files(info, info.files)
    assert str(caught.value).count("ECOMLAB_OFFLINE is set") == 3
    assert web[1] == []


def test_a_drawn_sample_that_cannot_be_had_says_so_in_one_line(cache, monkeypatch):
    monkeypatch.setenv("ECOMLAB_OFFLINE", "1")
    for load in (
        datasets.load_online_shoppers,
        datasets.load_womens_clothing_reviews,
        datasets.load_yoochoose_100k,
    ):
        with pytest.raises(DataUnavailableError) as caught:
            load(size="sample")
        assert "its sample is drawn from the fetched file" in caught.value.summary


def test_made_up_reviews_take_the_place_of_those_that_cannot_be_had(cache, monkeypatch, capsys):
    monkeypatch.setenv("ECOMLAB_OFFLINE", "1")
    reviews = datasets.load_womens_clothing_reviews("sample", made_up=True)
    assert "Made-up ones take their place" in capsys.readouterr().out
    assert reviews.attrs["real"] is False
    assert set(reviews) == {"title", "text", "recommended"}
    assert 0.7 < reviews["recommended"].mean() < 0.9


def test_an_archive_gives_its_member_and_writes_nowhere_else(cache, web, tmp_path):
    root = tmp_path / "web"
    with zipfile.ZipFile(root / "both.zip", "w") as archive:
        archive.writestr("../../../escaped", b"evil")
        archive.writestr("deep/letters", LETTERS)
        archive.writestr("../../numbers", NUMBERS)
    info = dataset(url_source(web[0], "both.zip", member="deep/{file}"))
    before = everything_in(tmp_path)
    paths = fetch_files(info, info.files[:1])
    assert paths["letters"].read_bytes() == LETTERS
    assert sorted(set(everything_in(tmp_path)) - set(before)) == []  # only another `letters`
    assert everything_in(cache) == ["letters"]
    with pytest.raises(DataUnavailableError, match="deep/numbers is not in the archive"):
        fetch_files(info, info.files)


def test_a_damaged_archive_is_named(cache, web, tmp_path):
    (tmp_path / "web" / "bad.zip").write_bytes(b"PK\x03\x04 not really")
    info = dataset(url_source(web[0], "bad.zip", member="{file}"))
    with pytest.raises(DataUnavailableError, match="archive is cut off or damaged"):
        fetch_files(info, info.files)


def test_an_unknown_package_is_one_clear_reason(cache):
    source = Source("wheel", package="ecomlab-no-such-package", version="0.0.0", member="{file}")
    info = dataset(source)
    # An index at a closed port: pip fails as it does on a machine without network.
    environment = {"PIP_INDEX_URL": f"http://127.0.0.1:{closed_port()[1]}/", "PIP_RETRIES": "0"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
        with pytest.raises(DataUnavailableError, match="No matching distribution"):
            fetch_files(info, info.files)
    assert everything_in(cache) == []


# --- several processes, and processes that die -----------------------------------------------


@pytest.mark.parametrize("count", [2, 10])
def test_processes_at_once_download_once(cache, web, count):
    address, requests, settings = web
    settings["delay"] = 0.5  # long enough for every process to come while the first one works
    workers = [python(FETCH, dataset(url_source(address))) for _ in range(count)]
    outcomes = [worker.communicate(timeout=60) for worker in workers]
    assert [out for out, _ in outcomes] == ["2 files\n"] * count, outcomes
    assert sorted(requests) == ["/letters", "/numbers"]
    assert everything_in(cache) == ["letters", "numbers"]
    assert sum("licence" in err for _, err in outcomes) == 1
    assert any("another process is fetching it; waiting" in err for _, err in outcomes)


def test_ctrl_c_leaves_nothing_behind(cache, dying_server):
    address, settings = dying_server
    settings["stall"] = True
    worker = python(FETCH, dataset(url_source(address)))
    assert settings["half_sent"].wait(30)
    time.sleep(0.3)
    worker.send_signal(signal.SIGINT)
    _, errors = worker.communicate(timeout=20)
    assert worker.returncode != 0
    assert "KeyboardInterrupt" in errors
    assert everything_in(cache) == []


def test_a_killed_fetch_is_cleaned_up_by_the_next(cache, dying_server, web):
    address, settings = dying_server
    settings["stall"] = True
    worker = python(FETCH, dataset(url_source(address)))
    assert settings["half_sent"].wait(30)
    time.sleep(0.3)
    worker.kill()
    worker.communicate(timeout=20)
    assert list((cache / "toy").glob(".work-*"))
    info = dataset(url_source(web[0]))
    fetch_files(info, info.files)
    assert everything_in(cache) == ["letters", "numbers"]
    assert not list((cache / "toy").glob(".work-*"))


# --- the cache folder itself -----------------------------------------------------------------


def test_a_file_where_the_cache_should_be(mirror, cache):
    cache.write_text("not a folder")
    info = dataset()
    with pytest.raises(DataUnavailableError, match="cannot be written") as caught:
        fetch_files(info, info.files)
    assert "ECOMLAB_CACHE" in str(caught.value)


# The same as another user, since root may write anywhere. Everything is imported first: the
# interpreter may lie where that user cannot look.
AS_NOBODY = f"""
    import os, sys
    import encodings.idna, filelock, platformdirs, tarfile, ecomlab.datasets.sources
    from ecomlab.datasets import DataUnavailableError, locations
    from ecomlab.datasets.fetching import fetch_files
    from ecomlab.datasets.info import DatasetInfo, FileInfo, Source
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid({NOBODY})
        os.setuid({NOBODY})
"""
TRY = """
    info = eval(sys.argv[1])
    try:
        print(len(fetch_files(info, info.files)), "files as", os.getuid())
    except DataUnavailableError as error:
        print(error)
"""
TRY_AS_NOBODY = AS_NOBODY + TRY
TRY_AS_MYSELF = AS_NOBODY.replace("os.getuid() == 0", "False") + TRY


@pytest.fixture
def public_folder():
    """Give a folder that other users can reach, unlike pytest's own temporary ones."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_read_only_cache_is_read_and_named_when_it_lacks_a_file(public_folder):
    toy = public_folder / "cache" / "toy"
    mirror = public_folder / "mirror" / "toy"
    for folder in (toy, mirror):
        folder.mkdir(parents=True)
        (folder / "letters").write_bytes(LETTERS)
        (folder / "numbers").write_bytes(NUMBERS)
    for folder in (toy, toy.parent):
        folder.chmod(0o555)
    settings = {"ECOMLAB_CACHE": str(toy.parent), "ECOMLAB_MIRROR": str(mirror.parent)}
    out, errors = python(TRY_AS_NOBODY, dataset(), **settings).communicate(timeout=60)
    assert out.startswith("2 files"), errors

    toy.chmod(0o755)
    (toy / "letters").unlink()
    toy.chmod(0o555)
    out, errors = python(TRY_AS_NOBODY, dataset(), **settings).communicate(timeout=60)
    assert "cannot be written: Permission denied" in out, errors
    assert "ECOMLAB_CACHE" in out
    assert errors == ""
    toy.chmod(0o755)
    toy.parent.chmod(0o755)


def test_a_project_that_nobody_can_write_to_falls_back_to_the_users_cache(public_folder):
    code = """
    from pathlib import Path
    info, home = eval(sys.argv[1]), Path(sys.argv[2])
    locations.project_folder = lambda: home / "project"
    print(fetch_files(info, info.files)["letters"].relative_to(home))
    """
    (public_folder / "project" / "data" / "cache").mkdir(parents=True)
    (public_folder / "mirror" / "toy").mkdir(parents=True)
    (public_folder / "mirror" / "toy" / "letters").write_bytes(LETTERS)
    (public_folder / "mirror" / "toy" / "numbers").write_bytes(NUMBERS)
    for folder in ("project/data/cache", "project/data"):
        (public_folder / folder).chmod(0o555)
    own = public_folder / "own"
    own.mkdir()
    own.chmod(0o777)
    environment = {
        "ECOMLAB_CACHE": "",
        "ECOMLAB_MIRROR": str(public_folder / "mirror"),
        "XDG_CACHE_HOME": str(own),
        "HOME": str(own),
    }
    out, errors = python(AS_NOBODY + code, dataset(), public_folder, **environment).communicate(
        timeout=60
    )
    assert out.startswith("own/"), errors
    for folder in ("project/data", "project/data/cache"):
        (public_folder / folder).chmod(0o755)


def test_a_full_disk_is_named_and_leaves_nothing(mirror, cache):
    # A limit on the size of a file stops the write as a full disk does, on any machine.
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    code = limit + textwrap.dedent(TRY_AS_MYSELF)
    out, errors = python(code, dataset()).communicate(timeout=60)
    assert "the disk is full" in out, errors
    assert everything_in(cache) == ["numbers"] or everything_in(cache) == []


def test_a_really_full_disk(mirror, cache, on_small_disk):
    code = textwrap.dedent(TRY_AS_MYSELF)
    done, left = on_small_disk(cache, "200k", [sys.executable, "-c", code, repr(dataset())])
    assert "the disk is full" in done.stdout, done.stderr
    assert everything_in(left) in (["numbers"], [])


# --- what is public, and what it costs -------------------------------------------------------


def test_every_public_name_is_there():
    for name in datasets.__all__:
        assert getattr(datasets, name)
    assert len(datasets.FASHION_CLASSES) == 10
    with pytest.raises(AttributeError):
        datasets.load_nothing  # noqa: B018


def test_import_is_quick_and_brings_no_heavy_library():
    code = """
        import sys
        import ecomlab.datasets, ecomlab.cli.data
        ecomlab.datasets.catalogue()
        heavy = {"tensorflow", "keras", "pandas", "numpy", "pyarrow", "pooch"} & set(sys.modules)
        print(heavy or "light")
    """
    out, errors = python(code).communicate(timeout=60)
    assert out == "light\n", errors
    timed = """
        import time
        start = time.process_time()  # others on this machine do not count
        import ecomlab.datasets
        print(time.process_time() - start)
    """
    assert min(float(python(timed).communicate()[0]) for _ in range(3)) < 0.3


# --- the command line ------------------------------------------------------------------------


def run(*arguments, **keywords):
    return CliRunner().invoke(app, list(arguments), **keywords)


def test_list_shows_every_state(cache):
    shown = run("list").stdout
    assert shown.count("sample") >= 4
    assert "absent" in shown
    assert "cached" not in shown
    for name in catalogue():
        assert name in shown


def test_fetch_a_wrong_name_is_code_2_in_one_line(cache):
    done = run("fetch", "fashon_mnist")
    assert done.exit_code == 2
    assert done.stderr.strip().splitlines() == [
        "there is no data set 'fashon_mnist': did you mean fashion_mnist?"
    ]
    assert run("fetch").exit_code == 2


def test_fetch_goes_on_after_a_failure(cache, tmp_path, monkeypatch):
    # The online shoppers in the mirror are wrong, the sessions of Yoochoose are not there at all.
    monkeypatch.setenv("ECOMLAB_OFFLINE", "1")
    monkeypatch.setenv("ECOMLAB_MIRROR", str(tmp_path))
    (tmp_path / "online_shoppers").mkdir()
    (tmp_path / "online_shoppers" / "online_shoppers_intention.csv").write_bytes(b"no")
    done = run("fetch", "online_shoppers", "yoochoose_100k")
    assert done.exit_code == 1
    assert "Not fetched: online_shoppers, yoochoose_100k" in done.stderr


def test_where_names_the_folders(cache, mirror):
    shown = run("where").stdout
    assert str(cache) in shown
    assert str(mirror) in shown


@pytest.mark.parametrize("arguments", [["--help"], ["fetch", "--help"], ["clear", "--help"]])
def test_help_works(arguments):
    done = run(*arguments)
    assert done.exit_code == 0
    assert "Usage" in done.stdout


def test_clear_asks_and_removes_only_what_fetching_put_there(cache):
    folder = cache / "diamonds"
    folder.mkdir(parents=True)
    (folder / "diamonds.csv").write_bytes(b"x")
    (folder / "mine.txt").write_bytes(b"x")
    assert run("clear", "diamonds", input="n\n").exit_code == 1
    assert (folder / "diamonds.csv").exists()
    assert run("clear", "diamonds", "--yes").exit_code == 0
    assert everything_in(cache) == ["mine.txt"]
    (folder / "mine.txt").unlink()
    assert run("clear", "--yes").exit_code == 0
    assert "Nothing is cached" in run("clear").stdout or not folder.exists()


def test_verify_finds_a_damaged_file(cache):
    (cache / "diamonds").mkdir(parents=True)
    (cache / "diamonds" / "diamonds.csv").write_bytes(b"x")
    done = run("verify", "diamonds")
    assert done.exit_code == 1
    assert "diamonds/diamonds.csv: damaged" in done.stdout
    assert run("verify", "cdnow").exit_code == 0


def test_locations_survive_a_working_folder_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert locations.project_folder() is not None


# --- the real registries ---------------------------------------------------------------------


def reach(name):
    """Fetch a real data set, or skip; where CI runs, a registry out of reach is a failure."""
    try:
        return fetch(name)
    except DataUnavailableError as error:
        skip_or_fail(str(error))


@pytest.mark.fulldata
def test_a_real_wheel_through_pip(cache, capfd):
    path = reach("cdnow")["CDNOW_master.txt"]
    assert path.parent == cache / "cdnow"
    assert everything_in(cache) == ["CDNOW_master.txt"]
    assert "fetching the Python package lifetimes 0.11.3" in capfd.readouterr().err
    assert run("list").stdout.count("cached") == 1
    assert run("verify", "cdnow").exit_code == 0


@pytest.mark.fulldata
def test_the_debian_package_without_root(public_folder):
    if not shutil.which("apt-get"):
        pytest.skip("no apt-get on this system")
    (public_folder / "cache").mkdir()
    (public_folder / "cache").chmod(0o777)
    info = catalogue()["fashion_mnist"]
    only_debian = tuple(source for source in info.sources if source.kind == "debian")
    info = dataclasses.replace(info, sources=only_debian)
    lists = Path("/var/lib/apt/lists")
    before = sorted(lists.glob("*"))
    environment = {
        "ECOMLAB_CACHE": str(public_folder / "cache"),
        "ECOMLAB_MIRROR": "",
        "ECOMLAB_OFFLINE": "",
    }
    out, errors = python(TRY_AS_NOBODY, info, **environment).communicate(timeout=300)
    if "4 files as" not in out:
        skip_or_fail(f"Debian's packages are out of reach: {out}{errors}")
    user = NOBODY if os.getuid() == 0 else os.getuid()
    assert out == f"4 files as {user}\n", out + errors
    assert sorted(lists.glob("*")) == before


def test_find_cached_tells_absent_from_damaged(cache):
    info = dataset()
    (cache / "toy").mkdir(parents=True)
    (cache / "toy" / "letters").write_bytes(b"x")
    found, faults = find_cached(info, info.files)
    assert found == {}
    assert faults == {"letters": "damaged (its size is wrong)", "numbers": "absent"}
