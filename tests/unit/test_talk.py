"""Where a dialogue stands is a copy of what the row holds."""

from desk.conversation.talk import Talk


def test_what_changes_in_a_talk_does_not_change_what_was_kept() -> None:
    """Otherwise the row would look unchanged, and the second message of a second would be forgotten."""
    kept = {"waiting": [1], "once": ["thanks"], "data": {"slot": "need"}, "voices": {"1": ["ask", "need"]}}
    talk = Talk.of(kept)

    talk.waiting.append(2)
    talk.said_once("night")
    talk.data["thanked"] = True
    talk.voices["1"].append("more")

    assert kept == {"waiting": [1], "once": ["thanks"], "data": {"slot": "need"}, "voices": {"1": ["ask", "need"]}}
    assert talk.kept()["waiting"] == [1, 2]
