"""How a text file is written: its encoding, told by the letters that come out."""

import codecs
import re
import unicodedata
from itertools import pairwise

from ecomlab.shop.guessing import knows

_LETTERS = {  # of each language, beyond those of English
    "de": "äöüß",
    "fr": "éèêëàâçùûüîïôœæ",
    "es": "áéíóúñü",
    "pt": "ãõáâàéêíóôúç",
    "it": "àèéìòù",
    "nordic": "åäöæøé",
    "nl": "ëïéèöüç",
    "is": "áðéíóúýþæö",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "hr": "čćđšž",
    "tr": "çğıöşüi̇",
    "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",
}
_WEST = ("de", "fr", "es", "pt", "it", "nordic", "nl")
# In this order where letters leave two equal.
_SINGLE = (
    ("cp1252", _WEST),
    ("cp1250", ("pl", "cs", "sk", "hu", "ro", "hr", "de")),
    ("cp1254", ("tr",)),
    ("cp1251", ("ru", "uk")),
    ("cp1252", ("is",)),
    ("cp1253", ("el",)),
    ("cp850", _WEST),
    ("mac_roman", _WEST),
)
_SIGNS = set("€£¥§°«»„“”‚‘’–—…•·×®©™¿¡ªº²³½¼¾²\xa0№")
_MANY = 20_000  # letters looked at


def find_encoding(payload):
    """Tell a file's encoding: its mark, else UTF-8 if it is that, else by its letters.

    Parameters
    ----------
    payload : bytes

    Returns
    -------
    str
        As Python names it.
    """
    if payload.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if payload.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    head = payload[:1000]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if zeros.count(0) > 0.7 * len(zeros) > 0:
            return encoding
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    # Only words with a byte beyond ASCII tell anything. A "|" may be half of a Japanese letter.
    telling = re.findall(rb"[^\n\r,;\t]*[\x80-\xff][^\n\r,;\t]*", payload[: 1 << 22])
    telling = b"\n".join(telling[:5000])
    return _asian(telling) or _western(telling)


def _asian(telling):
    """Return an encoding of two bytes a letter, where all of the text makes sense in it."""
    shares, named = {}, {}
    for encoding, usual in (
        ("euc_kr", lambda one: "가" <= one <= "힣"),
        ("cp932", lambda one: "\u3040" <= one <= "\u30ff" or _usual_kanji(one)),
        ("gb18030", lambda one: _level_one(one, "gb2312", 0xB0, 0xD7)),
        ("big5", lambda one: _level_one(one, "big5", 0xA4, 0xC6)),
    ):
        text = _decode(telling, encoding)
        if text is None:
            continue
        pieces = re.split(r"[\s,;|\"]+", text[:4000])
        named[encoding] = sum(not one.isascii() and knows(one) for one in pieces)
        letters = [one for one in text[:_MANY] if ord(one) > 127 and one.isalpha()]
        # A Latin letter beside each: a western text whose accents happen to pair.
        mixed = len(re.findall(r"[A-Za-z][\u2e80-\uffff][A-Za-z]", text[:_MANY]))
        if letters and mixed < 0.1 * len(letters):
            shares[encoding] = sum(map(usual, letters)) / len(letters)
            kana = sum("\u3040" <= one <= "\u30ff" for one in letters)
            if encoding == "cp932" and kana < 0.1 * len(letters):
                shares[encoding] -= 0.2
    if any(named.values()):  # names of columns that come out are the surest sign
        return max(named, key=named.get)
    best = max(shares, key=shares.get, default=None)
    return best if best and shares[best] > 0.85 else None


def _usual_kanji(one):
    return _level_one(one, "cp932", 0x88, 0x98)


def _level_one(one, encoding, first, last):
    """Tell whether a letter is one of the frequent ones, which an encoding keeps together."""
    try:
        return first <= one.encode(encoding)[0] <= last
    except UnicodeEncodeError:
        return False


def _western(telling):
    """Return the encoding of one byte a letter under which words use one language's letters."""
    best, most = "cp1252", -1.0
    for encoding, languages in _SINGLE:
        text = _decode(telling, encoding)
        if text is not None:
            score = _score(text[:_MANY], languages)
            if score > most + 1e-9:
                best, most = encoding, score
    return best


def _score(text, languages):
    """Return how well a text's letters beyond ASCII are those of one of the languages, or two."""
    strange = [one for one in text if ord(one) > 127 and one not in _SIGNS]
    if not strange:
        return 1.0 if any(ord(one) > 127 for one in text) else 0.0
    # A wrong encoding puts capitals after small letters, signs and other scripts into words.
    broken = sum(
        (before.islower() and one.isupper()) or (_greek(before) != _greek(one) and one.isalpha())
        for before, one in pairwise(text)
        if (ord(one) > 127 or ord(before) > 127) and before.isalpha()
    )
    broken += len(re.findall(r"(?<=[^\W\d_])[€£¥§°«»„“”‚‘–—…•®©™¿¡¹²³½¼¾\xa0](?=[^\W\d_])", text))
    folded = [unicodedata.normalize("NFC", one.lower()) for one in strange]
    shares = [sum(one in _LETTERS[name] for one in folded) / len(folded) for name in languages]
    pairs = [
        sum(one in _LETTERS[first] + _LETTERS[second] for one in folded) / len(folded)
        for first in languages
        for second in languages
    ]
    return (max(shares) + max(pairs)) / 2 - broken / len(strange)


def _greek(one):
    return "\u0370" <= one <= "\u04ff"  # or Cyrillic, which stands beside it


def _decode(payload, encoding):
    try:
        return payload.decode(encoding)
    except UnicodeDecodeError:
        return None
