"""Template fields keep to the platform's rules whatever the values are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.incoming import App
from models.outbox import Notice
from server.wechat.simulator.fields import RULES, Template
from server.wechat.templates import TemplatesError, fit, load_templates

DEMO = Path(__file__).parents[2] / "server" / "data" / "templates.demo.toml"
PAYLOAD = {
    "number": "NQ2611230001",
    "topic": "检验检测",
    "question": "桶装水铜绿超标咋办",
    "due": "2026-11-23T08:00:00+00:00",
    "name": "王工",
}


def test_every_notice_with_a_template_renders() -> None:
    templates = load_templates(DEMO)
    for app, notice in templates.ids:
        rendered = templates.render(app, notice, PAYLOAD)
        assert all(rendered.values())


def test_due_is_in_chinas_time() -> None:
    rendered = load_templates(DEMO).render(App.OFFICIAL, Notice.TICKET_ASSIGNED, PAYLOAD)
    assert rendered["time4"] == "2026年11月23日 16:00"


@given(st.text(max_size=300), st.sampled_from(["thing", "character_string", "phrase"]))
def test_values_fit_their_field(value: str, kind: str) -> None:
    fitted = fit(f"{kind}1", value)
    assert RULES[kind].fullmatch(fitted), fitted


def test_simulated_platform_takes_what_we_render() -> None:
    templates = load_templates(DEMO)
    question = "🤝换\n行<>&" + "很长的问题" * 20
    for (app, notice), id_ in templates.ids.items():
        rendered = templates.render(app, notice, {**PAYLOAD, "question": question})
        Template.from_names(id_, list(rendered), long_term=False).check(
            {name: {"value": value} for name, value in rendered.items()}
        )


@pytest.mark.parametrize(
    "text",
    [
        "[official.ticket_assigned]\nid='a'\nfields={thing1=['a','{topik}']}",
        "[official.x]\nid = 1",
        "[elsewhere.ticket_assigned]\nid = 'a'",
        "not toml",
    ],
)
def test_unusable_files_say_why(tmp_path: Path, text: str) -> None:
    path = tmp_path / "templates.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(TemplatesError, match="模板文件"):
        load_templates(path)
