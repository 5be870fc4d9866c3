"""A file of settings that a person wrote or a command printed: YAML, TOML or JSON. No value in one can run code."""

import tomllib
from pathlib import Path
from typing import Any

from wgan.errors import WganError
from wgan.files.reading import read
from wgan.files.records import parsed

MOST = 2**20  # bytes; a printed config has 2,000
WHOLE = 'a whole JSON object, such as {"steps": 100}'
SUFFIXES = (".yaml", ".yml", ".toml", ".json")


def read_settings(path: Path) -> dict[str, Any]:
    """The settings in a file by name; of a run's config.json, those in its entry "config".

    A single value in YAML is the text as it stands, or None for null. YAML's own rules would make a text of 1e-4, and
    false of no. Raises WganError for a file that holds anything else.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise WganError(
            f"the name of {path} is not that of a settings file; give a name that ends in {', '.join(SUFFIXES)}."
        )
    data = read(path, MOST)
    form = {".toml": "one `name = value` a line", ".json": WHOLE}.get(suffix, "one `name: value` a line")
    try:
        text = data.decode("utf-8-sig")
        form = WHOLE if suffix != ".toml" and text.lstrip().startswith("{") else form
        if suffix == ".toml":
            found = tomllib.loads(text)
        elif suffix == ".json" or text.lstrip().startswith("{"):
            found = parsed(text.encode())
        else:
            found = _yaml(text)
        if not isinstance(found, dict):
            raise ValueError("it holds no names with values")
    except (ValueError, RecursionError) as fault:
        why = " ".join(str(fault).split()) or "it is nested too deeply"
        raise WganError(f"{path} cannot be read as settings ({why}); write {form}.") from None
    return found["config"] if isinstance(found.get("config"), dict) else found


def _yaml(text: str) -> Any:
    """The value of a YAML text. Raises ValueError for other text, and for a name that occurs twice."""
    import yaml

    def value(node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return None if node.tag == "tag:yaml.org,2002:null" else node.value
        if isinstance(node, yaml.SequenceNode):
            return [value(one) for one in node.value]
        names = [str(name.value) for name, _ in node.value]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"{twice[0]!r} stands there twice")
        return {name: value(one) for name, (_, one) in zip(names, node.value, strict=True)}

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as fault:
        raise ValueError(str(fault)) from None
    return {} if node is None else value(node)
