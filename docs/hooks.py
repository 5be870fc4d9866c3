"""The site has the page of `wgan lab` at lab/, as `make lab` left it in the package."""

from pathlib import Path

from mkdocs.structure.files import File

PAGE = Path(__file__).parents[1] / "src/wgan/lab/lab.html"


def on_files(files, config):
    files.append(File.generated(config, "lab/index.html", abs_src_path=str(PAGE)))
    return files
