"""A file's payload: decompressed, brought to one form, and checked."""

import errno
import gzip
import hashlib
import io
import zlib

GZIP_MAGIC = b"\x1f\x8b"
# Quotas and limits on a file's size stop a write as a full disk does.
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class SourceFailedError(Exception):
    """One source could not give the files; the message is the reason, in a few words."""


class PayloadError(SourceFailedError):
    """A file arrived, but its contents are not the ones in the catalogue."""


def checked_payload(raw, file):
    """Return the payload of a file as it came from a source.

    Parameters
    ----------
    raw : bytes
        The file's bytes, perhaps gzip-compressed.
    file : FileInfo
        What the catalogue expects.

    Raises
    ------
    PayloadError
        If the payload is not, byte for byte, the one in the catalogue.
    """
    payload = _normalised(_decompressed(raw, file), file)
    if len(payload) != file.size:
        raise PayloadError(f"{file.name} has {len(payload):,} bytes, not {file.size:,}")
    if hashlib.sha256(payload).hexdigest() != file.sha256:
        raise PayloadError(f"the sha256 of {file.name} is not the catalogue's")
    return payload


def read_limit(file):
    """Return how many bytes to take from an archive, so that no bomb in it fills the memory.

    Line ends of two characters make a text longer than the catalogue says, but not twice as long.
    """
    return 2 * file.size + 1


def fault_of(path, file):
    """Say what is wrong with a cached file, or return None for a sound one.

    The checksum of all four Fashion-MNIST files takes about 0.03 s where the processor has
    instructions for it and 0.2 s where not, so every load can afford it.
    """
    try:
        if path.stat().st_size != file.size:
            return "damaged (its size is wrong)"
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return "absent"
    except OSError as error:
        return f"unreadable ({error.strerror or error})"
    return None if digest == file.sha256 else "damaged (its sha256 is wrong)"


def _decompressed(raw, file):
    if not raw.startswith(GZIP_MAGIC):
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            return stream.read(read_limit(file))
    except (OSError, EOFError, zlib.error) as error:
        raise PayloadError(f"{file.name} does not decompress: it is cut off or damaged") from error


def _normalised(payload, file):
    if "line ends" in file.normalise:
        payload = payload.replace(b"\r\n", b"\n")
    if "last column as 0 or 1" in file.normalise:
        payload = payload.replace(b",TRUE\n", b",1\n").replace(b",FALSE\n", b",0\n")
    return payload
