"""Configs that follow a source, by name: the source, the command that was run and the result to expect."""

from dataclasses import dataclass

from wgan.config import Config
from wgan.errors import unknown_name


@dataclass(frozen=True)
class Preset:
    """A config, the source that it follows, the command that was run and the result to expect."""

    config: Config
    source: str
    command: str
    expect: str


def preset(name: str) -> Preset:
    """The preset of this name; an unknown name raises `WganError` with a suggestion."""
    if name not in PRESETS:
        raise unknown_name("preset", name, PRESETS)
    return PRESETS[name]


_PAPER = Config(n_critic=5, decay="none", average=0.0, steps=20_000)
_CLIPPED = _PAPER.replace(constraint="clip", optimiser="rmsprop", learning_rate=5e-5, beta2=0.99, latent=100)
_PENALISED = _PAPER.replace(network="dcgan", penalty_weight=10.0, learning_rate=1e-4, latent=128)
_CIFAR = _PENALISED.replace(
    network="resnet", dequantise="uniform", generator_batch=128, steps=100_000, learning_rate=2e-4, decay="linear",
    held_out=0.02,
)  # fmt: skip
_STAX_PENALISED = _PENALISED.replace(
    network="stax-cnn", generator_norm="none", rows=5000, steps=7800, n_critic=1, learning_rate=1e-3, decay="linear",
    average=0.999, latent=64,
)  # fmt: skip
_KERAS = _PENALISED.replace(network="keras-cnn", optimiser="rmsprop", steps=1000)

PRESETS: dict[str, Preset] = {
    "default": Preset(
        Config(),
        "tuned here for good samples after a few minutes on two cores",
        "wgan train fashion-mnist",
        "All kinds of clothing are clearly visible after 4 minutes on two cores (Frechet distance 3.9 on a "
        "classifier's features, where real images reach 0.71); digits take 40 s with --steps 6000.",
    ),
    "photos": Preset(
        Config(
            objective="non-saturating",
            network="dcgan",
            width=32,
            learning_rate=5e-4,
            flip="horizontal",
        ),
        "chosen here on 5,000 pictures of 32 x 32, composed from photographs; docs/experiments.md has the search",
        "wgan train my-photos --preset photos --size 32",
        "After 5 minutes on one core, pictures have a smooth background and a blob in place of the object. After 32 "
        "minutes, most have a distinct object before a background, and a few objects can be named. With equal time, "
        "pictures of the preset default have more kinds of objects under fine dots.",
    ),
    "signals": Preset(
        Config(objective="non-saturating", network="mlp", width=256, learning_rate=5e-4, n_critic=5, steps=6000),
        "chosen here on the data set waves; docs/experiments.md has the search",
        "wgan train waves --preset signals",
        "After 3 minutes of one core the spectrum (0.034, floor 0.017) and the autocorrelation (0.020, floor 0.011) "
        "are within twice their floors. Long signals need convolutions: --network dcgan.",
    ),
    "volumes": Preset(
        Config(
            objective="non-saturating",
            network="dcgan",
            width=16,
            learning_rate=5e-4,
            batch=16,
            n_critic=2,
            penalty_every=4,
            steps=2400,
        ),
        "chosen here on the data set medium-3d, where a batch of 16 gives more steps in equal time",
        "wgan train medium-3d --preset volumes",
        "At step 1,200, after 10 minutes of one core, the two-point function differs by 0.009 ± 0.007 (floor 0.005) "
        "and the phase fraction by 0.7 % ± 0.8 % (floor 0.4 %).",
    ),
    "slices": Preset(
        Config(network="dcgan", width=32, latent=16, batch=48, learning_rate=1e-3, steps=3000, slices="isotropic"),
        "SliceGAN (Kench and Cooper 2021), with one critic and small networks; measured here on medium-2d",
        "wgan train slice.npy --preset slices",
        "After 6 minutes of one core (1,500 steps) on one image of medium-2d, 256 x 256, volumes differ from medium-3d "
        "by 0.0037 in the two-point function (floor 0.0068) and by 0.3 % in the phase fraction (floor 1 %).",
    ),
    "showers": Preset(
        Config(
            network="showers",
            conditional="concatenation",
            latent=376,
            batch=128,
            n_critic=2,
            penalty_weight=5.0,
            penalty_every=2,
            learning_rate=1e-3,
            steps=20_000,
            held_out=0.02,
        ),
        "chosen here on the data set showers; docs/experiments.md has the search",
        "wgan train showers --preset showers",
        "After 16 minutes of one core (18,776 steps) a classifier tells 20,000 showers from the simulator's with an "
        "AUC of 0.73 on voxels and 0.79 on high-level features, and recall is 0.89. The published WGAN-GP recipe has "
        "an AUC of 1.00 and a recall of 0.09 after 33 minutes. A shower takes 0.02 ms.",
    ),
    "table": Preset(
        Config(n_critic=5, steps=3000),
        "chosen here on five tables; the comparison in docs/tables.md uses other tables",
        "wgan train people.csv --preset table",
        "After 30 s on one core with 3,200 rows of made-up houses, the W1 of a column is 0.065 of its standard "
        "deviation (real rows: 0.049), and a forest that classifies samples against rows has an AUC of 0.61.",
    ),
    "gan": Preset(
        _PENALISED.replace(
            objective="non-saturating",
            constraint="none",
            learning_rate=2e-4,
            beta1=0.5,
            beta2=0.999,
            n_critic=1,
            latent=100,
        ),
        "Goodfellow et al. 2014 with the networks and Adam of DCGAN (arXiv 1511.06434); --objective minimax is "
        "the saturating game",
        "wgan train digits --preset gan --steps 1500",
        "Readable digits after 20 s on one core. The estimate is a Jensen-Shannon divergence, at most 0.69 nats, and "
        "stays below 0.02 throughout, whatever the samples look like.",
    ),
    "wgan": Preset(
        _CLIPPED.replace(network="dcgan"),
        "arXiv 1701.07875, Algorithm 1; its code adds --warm-up 25 --warm-up-every 500 at 100 critic steps",
        "wgan train digits --preset wgan --steps 1500",
        "Digits, most of them readable, after 50 s on one core; samples change slowly, as clipped critics are weak.",
    ),
    "wgan-sphere": Preset(
        _CLIPPED.replace(constraint="sphere", network="mlp"),
        "a variant of WGAN from lecture notes: each layer's weights lie on the unit sphere instead of being clipped",
        "wgan train digits --preset wgan-sphere --steps 1500",
        "Grainy digits, most of them readable, after 160 s on one core; the estimate is small, since each layer "
        "shrinks its input.",
    ),
    "wgan-gp": Preset(
        _PENALISED,
        "arXiv 1704.00028, Algorithm 1",
        "wgan train digits --preset wgan-gp --steps 1500",
        "Readable digits after 80 s on one core, with an estimate of about 0.2.",
    ),
    "wgan-lp": Preset(
        _PENALISED.replace(penalty_sides="one"),
        "arXiv 1704.00028, Appendix C, and arXiv 1709.08894: the one-sided penalty",
        "wgan train digits --preset wgan-lp --steps 1500",
        "The same as wgan-gp: on digits no difference was found.",
    ),
    "r3gan": Preset(
        Config(
            objective="relativistic",
            constraint="r1-r2",
            penalty_weight=0.05,
            network="r3gan",
            beta2=0.99,
            learning_rate=2e-4,
            decay="cosine",
            steps=20_000,
            batch=64,
        ),
        "arXiv 2501.05441: the objective, both penalties, no norms, the residual blocks and beta1 0. Width, batch, "
        "steps, decay and lambda are chosen here for small images; the authors have larger values, and change lambda "
        "and beta2 during training",
        "wgan train digits --preset r3gan --width 16 --steps 1000 --learning-rate 0.001",
        "Stopped at step 598, after 29 s of one core: most digits are readable, and the energy distance to "
        "held-out rows is 0.009 +- 0.007.",
    ),
    "hinge": Preset(
        _CIFAR.replace(
            objective="hinge",
            constraint="spectral",
            held_out=0.1,
            dequantise="none",
            network="resnet",
            average=0.0,
        ),
        "arXiv 1802.05957: the hinge loss, spectral normalisation, a residual network and Adam for CIFAR-10",
        "wgan train digits --preset hinge --width 16 --steps 100",
        "After 12 s of one core, samples are still noise. It was not run to its end here. Made for a GPU.",
    ),
    "lsgan": Preset(
        Config(
            objective="least-squares",
            constraint="none",
            network="dcgan",
            learning_rate=1e-3,
            beta1=0.5,
            beta2=0.999,
            decay="none",
            average=0.0,
            latent=1024,
            steps=20_000,
        ),
        "arXiv 1611.04076: the losses with targets 0 and 1, batch norm in both players of dcgan, z of 1024, "
        "Adam at 1e-3",
        "wgan train digits --preset lsgan --width 16 --steps 400",
        "After 8 s of one core, samples have the strokes of digits, but few digits are readable.",
    ),
    "dragan": Preset(
        Config(
            objective="non-saturating",
            constraint="dragan",
            penalty_weight=10.0,
            network="dcgan",
            learning_rate=1e-4,
            beta1=0.5,
            beta2=0.9,
            decay="none",
            average=0.0,
            latent=100,
            steps=20_000,
        ),
        "arXiv 1705.07215: the gradient penalty near real rows, the non-saturating loss, one critic step",
        "wgan train digits --preset dragan --width 16 --steps 400",
        "After 7 s of one core, samples are still a pattern without digits, since the learning rate is low. It was "
        "not run to its end here.",
    ),
    "wgan-ttur": Preset(
        _PENALISED.replace(n_critic=1, critic_learning_rate=3e-4, generator_learning_rate=1e-4),
        "arXiv 1706.08500: WGAN-GP with one critic step, and learning rates of 3e-4 for the critic and 1e-4 "
        "for the generator",
        "wgan train digits --preset wgan-ttur --width 16 --steps 400",
        "After 7 s of one core, samples are still a pattern without digits, since the learning rates are low. It was "
        "not run to its end here.",
    ),
    "cifar10": Preset(
        _CIFAR,
        "gan_cifar_resnet.py of arXiv 1704.00028 without labels; that code trains on all 50,000 rows: --held-out 0",
        "wgan train cifar10 --preset cifar10",
        "Not run to its end here. The paper reports an Inception score of 7.86 +- .07 on 50,000 samples; others reach "
        "7.3 with their own code. Made for a GPU.",
    ),
    "cifar10-conditional": Preset(
        _CIFAR.replace(conditional="auxiliary"),
        "gan_cifar_resnet.py of arXiv 1704.00028 with labels: conditional batch norm, and an auxiliary classifier of "
        "weight 1 for the critic, 0.1 for the generator",
        "wgan train cifar10 --preset cifar10-conditional",
        "Not run to its end here. The paper reports an Inception score of 8.42 +- .10 on 50,000 samples; a user of "
        "its code reports 8.15. Made for a GPU.",
    ),
    "lsun-64": Preset(
        _PENALISED.replace(network="resnet", size=64, steps=200_000),
        "steps, batch and Adam of gan_64x64.py of arXiv 1704.00028; network resnet with one block more than for "
        "CIFAR; the largest centred square of each picture at 64 x 64",
        "wgan train bedroom_train_lmdb --preset lsun-64",
        "Not run here on LSUN, which was not at hand. We only saw that its network trains at this size. Made for a "
        "GPU.",
    ),
    "wgan-gp-toy": Preset(
        _PENALISED.replace(network="mlp", latent=2, batch=256, beta1=0.5, penalty_weight=0.1, steps=100_000),
        "gan_toy.py of arXiv 1704.00028; the paper says lambda 10, its code 0.1, and this preset follows the code",
        "wgan train 8gaussians --preset wgan-gp-toy --width 128 --steps 1500",
        "After 60 s on one core the exact W1 of 800 samples to 800 rows is 0.19, where two samples of the data are "
        "0.14 apart; the whole preset takes hours.",
    ),
    "fashion-stax": Preset(
        _CLIPPED.replace(network="stax-cnn", rows=5000, steps=1560),
        "the JAX stax tutorial: 5,000 random images, 100 epochs of 78 critic batches, five for each generator step",
        "wgan train fashion-mnist --preset fashion-stax",
        "Blobs, as the author of the tutorial reports: Frechet distance 106 on an earlier classifier's features, and "
        "2 % of samples in the rarest kind. It takes 41 s on one H100, or 3/4 hour on two cores with --precision "
        "bfloat16.",
    ),
    "fashion-stax-gp": Preset(
        _STAX_PENALISED,
        "the images, networks and 100 epochs of fashion-stax with a gradient penalty instead of clipping (so layer "
        "norm in the critic), no norm in the generator, one critic step, Adam decaying to 0, and an average",
        "wgan train fashion-mnist --preset fashion-stax-gp",
        "All ten kinds are clearly visible: Frechet distance 3.5 on an earlier classifier's features, where "
        "fashion-stax has 106 and real images 0.63. It takes 4 minutes on one H100 that five runs share. The critic "
        "memorises the 5,000 images: its estimate is 1.1 on them and 0.4 on held-out images.",
    ),
    "mnist-keras": Preset(
        _KERAS.replace(constraint="clip", learning_rate=1e-5, steps=4000),
        "the Keras tutorial's WGAN on MNIST",
        "wgan train mnist --preset mnist-keras",
        "At step 4,000 one sample in three is readable; the tutorial shows digits. It takes 2 minutes on a shared "
        "H100.",
    ),
    "mnist-keras-gp": Preset(
        _KERAS,
        "the Keras tutorial's WGAN-GP on MNIST; eps is uniform here, as in the paper, not normal",
        "wgan train mnist --preset mnist-keras-gp",
        "Readable digits from step 750 on; nearly all are readable at step 1,000, after 10 minutes on one core.",
    ),
}
