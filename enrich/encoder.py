"""The encoder: what a small transformer makes of a sentence, once, for every head that asks about it.

One pass gives a vector a word piece. Heads are small matrices over means of them: of the whole, of a target's pieces.
Knows no labels. Made by `training/encoder.py`, which tokenises and pools by the same code.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
import regex
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer

MODEL: Final = Path(__file__).parent / "models" / "encoder"
# Word pieces read of a text, with its two marks; time grows with them. Callers cut before (`sentiment.chunks`).
MAX_PIECES: Final = 128
# Texts whose states are kept for when they come again (a retweet, a page's standing line): 30 MB at most.
_KEPT = 512

# The vocabulary has no emoji, and a word with one attached would be unknown to it. Each kind is one piece of its own;
# the words are those it begins from, before training.
EMOJI: Final[dict[str, str]] = {
    "laughing funny": "😂🤣😆😹😁😅",
    "love heart": "❤♥💕💖💗💓💞💘💙💚💛💜🖤💝💟🧡🤍🤎😍🥰😘😻😚😗😙💋",
    "happy smile": "😊😀😃😄🙂😌☺😇🤗😺🥲😸",
    "cool confident": "😎🤠🤩😏🥳",
    "good yes approve": "👍👌✅✔☑🆗👊🤝🤙🤟🤘✌",
    "applause bravo": "👏🙌🎉🎊🥂🍾🏆🥇💪💯",
    "hot great": "🔥🚀⚡✨🌟⭐💫👑💎",
    "thanks please": "🙏🤞",
    "cry sad": "😢😭😿🥺😥😓😰😪",
    "disappointed sad": "😞😔😟🙁☹😕😣😖😩😫💔😨😦😧",
    "angry furious": "😠😡🤬👿💢😤🖕👺",
    "disgusting sick": "🤢🤮🤒🤧😷🤕💩🗑",
    "bad no": "👎❌🚫⛔✖🛑",
    "annoyed": "🙄😒😑😐🤦😬🫠🫤🫥😾",
    "joke clown": "🤡🙃🤪😜😝😛😉😋🤑",
    "shock surprise": "😱😲😮😯🤯😳🙀👀",
    "thinking question": "🤔🧐❓❔🤷🤨",
    "warning danger": "⚠🚨🆘‼❗",
    "dead": "💀☠⚰🪦👻😵",
    "tired bored": "😴🥱🥵🥶💤",
}
_LINK_WORDS = "website"
_OTHER_WORDS = "picture"
_FIRST = 0xE000  # private use: no text of ours has them, and one that has is blanked before
_LINK_PIECE = chr(_FIRST)
_OTHER_PIECE = chr(_FIRST + 1)
_GONE = "\x01"  # control characters are dropped by the tokenizer, and offsets stay
# What the first pieces of the vocabulary's end stand for, in the order of their ids.
PIECES: Final[dict[str, str]] = {
    _LINK_PIECE: _LINK_WORDS,
    _OTHER_PIECE: _OTHER_WORDS,
    **{chr(_FIRST + 2 + i): words for i, words in enumerate(EMOJI)},
}


def _table() -> dict[int, str]:
    table = dict.fromkeys(range(_FIRST, 63744), " ")
    for code in (*range(0x1F000, 0x1FB00), *range(0x2600, 0x27C0), *range(0x2B00, 0x2C00), 0x203C, 0x2049, 0x231A):
        table[code] = _OTHER_PIECE
    for i, emoji in enumerate(EMOJI.values()):
        table.update({ord(one): chr(_FIRST + 2 + i) for one in emoji})
    table.update(dict.fromkeys((*range(127995, 128000), 65039, 8205), _GONE))
    table.update(dict.fromkeys(range(55296, 57344), "�"))
    table.update({ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"'})
    return table


_TABLE = _table()
_LINK = regex.compile(r"\b(?:https?://|www\.|pic\.twitter\.com\b)[^\s<>\"]*", regex.IGNORECASE)


def plain(text: str) -> str:
    """Return what is tokenised of `text`, character for character, so that offsets hold in both.

    A link is one piece and the rest of it dropped; emoji are a piece of their kind; a lone surrogate is U+FFFD.
    """
    if not text.isascii():
        text = text.translate(_TABLE)
    if "://" in text or "www." in text or "pic.t" in text:
        text = _LINK.sub(_blanked, text)
    return text


def _blanked(found: "regex.Match[str]") -> str:
    return _LINK_PIECE + _GONE * (len(found[0]) - 1)


def with_pieces(tokenizer: Tokenizer) -> Tokenizer:
    """Return a tokenizer of plain words with the pieces above added at its end, and no padding or cut of its own."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.add_tokens([AddedToken(piece, normalized=False) for piece in PIECES])
    return tokenizer


class Encoded:
    """The states of a text's word pieces, [pieces, width], with where each begins and ends; marks left out.

    Offsets are in the text that was encoded, or where `moved` put them. A text without a known piece has none.
    """

    __slots__ = ("_mean", "ends", "starts", "states")

    def __init__(self, states: NDArray[np.float32], starts: NDArray[np.int32], ends: NDArray[np.int32]) -> None:
        self.states = states
        self.starts = starts
        self.ends = ends
        self._mean: NDArray[np.float32] | None = None

    def mean(self) -> NDArray[np.float32]:
        """Return the mean of all states; zeros where there are none."""
        if self._mean is None:
            self._mean = self.states.mean(axis=0) if len(self.states) else np.zeros(self.states.shape[1], np.float32)
        return self._mean

    def over(self, start: int, end: int) -> NDArray[np.float32]:
        """Return the mean of the states of pieces that overlap [start, end); where none does, of all."""
        first = int(self.ends.searchsorted(start, side="right"))
        last = int(self.starts.searchsorted(end, side="left"))
        if first >= last:
            return self.mean()
        mean: NDArray[np.float32] = self.states[first:last].mean(axis=0)
        return mean

    def moved(self, by: int) -> "Encoded":
        """Return the same with offsets `by` characters further on."""
        return Encoded(self.states, self.starts + by, self.ends + by)

    def part(self, start: int, end: int) -> "Encoded":
        """Return what lies in [start, end)."""
        first = int(self.ends.searchsorted(start, side="right"))
        last = max(first, int(self.starts.searchsorted(end, side="left")))
        return Encoded(self.states[first:last], self.starts[first:last], self.ends[first:last])


class Encoder:
    """The encoder, loaded (0.2 s, 60 MB). One thread at a time, which is all it takes of the processor.

    `version` names the weights.
    """

    def __init__(self, model: Path = MODEL) -> None:
        self._tokenizer: Any = Tokenizer.from_file(str(model / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Memory that is kept for the largest batch ever seen is memory of every worker.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            str(model / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )
        about = json.loads((model / "model.json").read_text("utf-8"))
        self.version: str = about["version"]
        self.width: int = self._session.get_outputs()[0].shape[2]
        self._kept: OrderedDict[str, Encoded] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the states of each text, of its first 126 word pieces; of one text always the same."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Encoded:
        if (kept := self._kept.get(text)) is not None:
            self._kept.move_to_end(text)
            return kept
        encoding = self._tokenizer.encode(plain(text))
        pieces, last = encoding.ids, len(encoding.ids) - 1
        if last >= MAX_PIECES:
            pieces, last = [*pieces[: MAX_PIECES - 1], pieces[-1]], MAX_PIECES - 1
        ids = np.array([pieces], np.int32)
        # One text a run: in a batch, the scale of int8 states would follow the other texts, and with it what is said
        # of this one; and a batch gains nothing on one core.
        (states,) = self._session.run(None, {"ids": ids, "mask": np.ones_like(ids)})
        offsets = np.array(encoding.offsets[1:last], np.int32).reshape(-1, 2)
        one = Encoded(states[0, 1:last], offsets[:, 0].copy(), offsets[:, 1].copy())
        self._kept[text] = one
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return one
