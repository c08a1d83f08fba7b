"""What click's completion lacks: names as torrents have them, with blanks, brackets, quotes, colons and commas.

bash gets its words quoted as the word that is being typed, and without what it has already taken off: it breaks words
at colons and equal signs, too. zsh quotes by itself, and so does fish.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from click.shell_completion import BashComplete, CompletionItem, FishComplete, add_completion_class, split_arg_string

_BASH = """\
%(complete_func)s() {
    local kind word
    COMPREPLY=()
    while IFS=, read -r kind word; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            open) compopt -o nospace; COMPREPLY+=("$word") ;;
            plain) COMPREPLY+=("$word") ;;
        esac
    done < <(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_FISH = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp | string collect) \
COMP_CWORD=(commandline -ct | string collect) %(prog_name)s 2>/dev/null)
    for line in $response
        set -l parts (string split -m 1 , -- $line)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                echo $parts[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""

_BREAKS = ":="
"""Of COMP_WORDBREAKS what names have; the others there end a command, and are quoted."""
_SPECIAL = re.compile(r"[^\w@%+=:,./-]")
_SPECIAL_QUOTED = re.compile(r'["\\$`]')


class Typed(NamedTuple):
    """The word under the cursor."""

    word: str
    """as the command would get it"""
    taken: str
    """its beginning, up to where bash broke it last"""
    quote: str
    """the quotation mark that is open, or "" """


def typed(line: str) -> Typed:
    """The last word of a line of bash, which may be empty."""
    start = broken = 0
    quote, escaped = "", False
    for at, character in enumerate(line):
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character.isspace():
            start = broken = at + 1
        elif character in _BREAKS:
            broken = at + 1
    return Typed(_plain(line[start:]), _plain(line[start:broken]), quote)


def quoted(value: str, word: Typed) -> str | None:
    """What replaces the typed word so that the command gets `value`; None if quotes of that kind cannot hold it."""
    if word.quote == "'":
        return None if "'" in value else value
    if word.quote:
        return _SPECIAL_QUOTED.sub(r"\\\g<0>", value)
    return _SPECIAL.sub(r"\\\g<0>", value.removeprefix(word.taken))


def _plain(raw: str) -> str:
    return "".join(split_arg_string(raw))


class Bash(BashComplete):
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_WORDS"]
        self._word = typed(line)
        words = split_arg_string(line)[1:]
        return (words[:-1] if self._word.word else words), self._word.word

    def format_completion(self, item: CompletionItem[str]) -> str:
        if item.type != "plain":
            return f"{item.type},"
        word = quoted(item.value, self._word)
        if word is None:
            return ""
        return f"{'open' if item.value.endswith(tuple(_BREAKS)) else 'plain'},{word}"


class Fish(FishComplete):
    source_template = _FISH


def teach() -> None:
    """Let click use these."""
    for kind in (Bash, Fish):
        add_completion_class(kind)
