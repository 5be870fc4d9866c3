"""Make folders of colour pictures from Debian packages, to try a preset for photographs without a download of CIFAR-10.

    python benchmarks/photographs.py objects --count 5000 --size 32 --out objects-32 [--root DIR]
    python benchmarks/photographs.py scenes --count 5000 --size 64 --out scenes-64 [--root DIR]
    python benchmarks/photographs.py attributed --count 5000 --size 32 --out attributed-32 [--root DIR]

`objects` puts photographs of single objects (tuxpaint-stamps-default) on pieces of photographs of nature. Each picture
has one object of ten classes, and each class has a folder. `scenes` are pieces of the photographs of nature alone
(mate-backgrounds, plasma-workspace-wallpapers, lomiri-wallpapers-16.04, lomiri-wallpapers-20.04). `attributed` are
pieces of nine photographs of lomiri-wallpapers-16.04, whose licences (CC BY 4.0 and CC0 1.0, in the package's copyright
file) let docs/photos.md show them. --root is the folder below which the packages are installed or unpacked
(`dpkg-deb -x FILE.deb DIR`). The same arguments give the same pictures.
"""

import argparse
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

STAMPS = Path("usr/share/tuxpaint/stamps")
CLASSES = {
    "birds": ["animals/birds"],
    "mammals": ["animals/mammals/bears", "animals/mammals/bovines", "animals/mammals/cats", "animals/mammals/deer",
                "animals/mammals/dogs", "animals/mammals/horse"],
    "small-animals": ["animals/insects", "animals/amphibians", "animals/lizards", "animals/mammals/rodents",
                      "animals/marsupials"],
    "sea": ["animals/fish", "animals/shellfish", "animals/mammals/aquatic"],
    "fruit": ["food/fruit", "food/nuts"],
    "vegetables": ["food/vegetables", "plants/mushrooms"],
    "flowers": ["plants/flowers", "plants/trees"],
    "things": ["household", "hobbies"],
    "vehicles": ["vehicles"],
    "balls": ["sports", "space/planets"],
}  # fmt: skip
SCENES = (
    "usr/share/backgrounds/mate/nature/*.jpg",
    "usr/share/wallpapers/*/contents/images/*x*.jpg",
    "usr/share/backgrounds/*_by_*.jpg",
)
ATTRIBUTED = tuple(f"usr/share/backgrounds/*_by_{author}.jpg" for author in (
    "Aitzol_Berasategi", "freespace", "Jakkub_Mede", "Clements_Engelhardt"))  # fmt: skip
# Drawings and plain patterns among the wallpapers, by a part of their names.
DRAWN = ("Flow", "Kay", "Shell", "Path", "Pastel", "Kite", "Konqui", "Honey", "Patak", "Safe", "Milky", "Opal",
         "Kokkini", "IceCold", "Elarun", "Cluster", "Volna", "Altai", "Grey", "summer", "Cups", "Painting",
         "Darkest")  # fmt: skip
LARGEST = 1024  # pixels of the longer side of a scene, before pieces are cut from it


def stamps(root: Path) -> dict[str, list[Path]]:
    """The files of the stamps of each class."""
    found = {
        name: sorted(
            file for part in parts for file in (root / STAMPS / part).rglob("*.png") if "cartoon" not in str(file)
        )
        for name, parts in CLASSES.items()
    }
    if empty := [name for name, files in found.items() if not files]:
        raise SystemExit(f"no stamps of {', '.join(empty)} below {root / STAMPS}; install tuxpaint-stamps-default.")
    return found


@cache
def stamp(file: Path) -> Image.Image:
    """A stamp cut to what is not transparent."""
    picture = Image.open(file).convert("RGBA")
    return picture.crop(picture.getchannel("A").point(lambda a: 255 * (a > 32)).getbbox())


@cache
def scenes(root: Path, patterns: tuple[str, ...]) -> tuple[Image.Image, ...]:
    """The photographs of nature; of a wallpaper in many sizes the largest file."""
    largest: dict[Path, Path] = {}
    for pattern in patterns:
        for file in sorted(root.glob(pattern)):
            key = file.parent if "contents" in file.parts else file
            drawn = file.is_symlink() or any(word in str(file) for word in DRAWN)
            if not drawn and (key not in largest or file.stat().st_size > largest[key].stat().st_size):
                largest[key] = file
    if not largest:
        raise SystemExit(f"no photographs of nature below {root}; install mate-backgrounds and the others.")
    pictures = []
    for file in largest.values():
        picture = Image.open(file).convert("RGB")
        picture.thumbnail((LARGEST, LARGEST))
        pictures.append(picture)
    return tuple(pictures)


def piece(
    root: Path, rng: np.random.Generator, size: int, least: float, patterns: tuple[str, ...] = SCENES
) -> Image.Image:
    """A random square of a random scene, at least `least` of its shorter side, sometimes mirrored."""
    pictures = scenes(root, patterns)
    picture = pictures[rng.integers(len(pictures))]
    side = int(min(picture.size) * rng.uniform(least, 1))
    left, top = (int(rng.integers(n - side + 1)) for n in picture.size)
    cut = picture.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.LANCZOS)
    return cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else cut


def with_object(root: Path, rng: np.random.Generator, size: int, file: Path) -> Image.Image:
    """A stamp that takes 0.6 to 0.95 of a piece of a scene, near its middle."""
    ground, object_ = piece(root, rng, size, 0.15), stamp(file)
    longest = size * rng.uniform(0.6, 0.95)
    wide, tall = (max(1, round(n * longest / max(object_.size))) for n in object_.size)
    object_ = object_.resize((wide, tall), Image.Resampling.LANCZOS)
    if rng.random() < 0.5:
        object_ = object_.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    left, top = (round((size - n) * rng.uniform(0.3, 0.7)) for n in (wide, tall))
    ground.paste(object_, (left, top), object_)
    return ground


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=("objects", "scenes", "attributed"))
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    files = list(stamps(options.root).items()) if options.kind == "objects" else []
    patterns = ATTRIBUTED if options.kind == "attributed" else SCENES
    for number in range(options.count):
        if files:  # each class in turn, and each of its stamps in turn
            name, of_class = files[number % len(files)]
            file = of_class[number // len(files) % len(of_class)]
            picture, folder = with_object(options.root, rng, options.size, file), options.out / name
        else:
            picture, folder = piece(options.root, rng, options.size, 0.4, patterns), options.out
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / f"{number:05d}.png")
    print(f"{options.count:,} pictures of {options.size} x {options.size} in {options.out}")


if __name__ == "__main__":
    main()
