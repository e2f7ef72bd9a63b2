"""The pages of the models: what stands in their YAML files, and what their SQL reads."""

from coveo_source.model_settings import CAUSE_KINDS
from coveo_source.models import read_folder, selected, sql_folder
from coveo_source.models.files import Model
from coveo_source.models.properties import DataTest, Properties

from .markdown import code, listed, page, table

_INTRODUCTION = """\
A model is a table that is made from the exported tables by one SQL file in [`sql/`](../sql). A
run updates them all; of those that are made by visit, day or week, it builds what new rows belong
to, and nothing else. They are listed in the order in which they are built. The [settings of the
models](settings.md#settings-of-the-models) say what a day is and what to slice by;
[differences](differences.md) compares their measures with the cards of Coveo's console."""

_SEEDS = """\
Two tables come from CSV files: what causes of searches and of clicks count as. The settings
`search_causes` and `click_causes` add causes of your own."""


def model_pages() -> dict[str, str]:
    """Returns the text of the list of models and of each model's page, by path."""
    models = selected(())
    seeds = [each for each in read_folder(sql_folder()) if each.name in CAUSE_KINDS]
    return {
        "docs/models.md": _list_page(models, seeds),
        **{f"docs/models/{model.name}.md": _model_page(model) for model in models},
        **{f"docs/models/{seed.name}.md": _seed_page(seed) for seed in seeds},
    }


def _list_page(models: list[Model], seeds: list[Properties]) -> str:
    rows = [(_link(model.name), model.properties.description) for model in models]
    return page(
        "Models",
        _INTRODUCTION,
        table(("model", "content"), rows),
        "## Causes",
        _SEEDS,
        table(("seed", "content"), [(_link(seed.name), seed.description) for seed in seeds]),
    )


def _model_page(model: Model) -> str:
    unit = f"what changes is rebuilt by `{model.unit}`" if model.unit else "always built in full"
    built = f"Made from {listed(sorted(model.reads))}; {unit}. The SQL: [`{model.name}.sql`]"
    return page(
        model.name,
        _description(model.properties),
        f"{built}(../../sql/{model.name}.sql).",
        *_contents(model.properties),
    )


def _seed_page(seed: Properties) -> str:
    made = f"The rows of [`{seed.name}.csv`](../../sql/{seed.name}.csv)."
    return page(seed.name, _description(seed), made, *_contents(seed))


def _contents(properties: Properties) -> list[str]:
    """Returns the parts of a page that say what columns there are and what is tested."""
    said = properties.descriptions
    tests = properties.data_tests
    never_null = {test.column for test in tests if test.kind == "not_null" and not test.where}
    columns = [
        (code(name), kind, "" if name in never_null else "yes", said.get(name, ""))
        for name, kind in properties.columns.items()
    ]
    others = [test for test in tests if test.kind != "not_null" or test.where]
    return [
        "## Columns",
        table(("column", "type", "may be null", "meaning"), columns),
        "## Data tests",
        "[`models --test`](../verbs.md#models) checks, beside the columns that are never null:",
        "\n".join(f"- {_test(test)}" for test in others),
    ]


def _description(properties: Properties) -> str:
    """Returns all that is said of a table, with a blank line between paragraphs."""
    lines = str(properties.content["description"]).splitlines()
    return "\n\n".join(filter(None, map(str.strip, lines)))


def _test(test: DataTest) -> str:
    where = f", where {code(test.where)}" if test.where else ""
    return f"{code(test.label)}{where}{' (a warning)' if test.severity == 'warn' else ''}"


def _link(name: str) -> str:
    return f"[`{name}`](models/{name}.md)"
