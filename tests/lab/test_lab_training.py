"""The page trains as `wgan train` does, by the same losses from the same draws."""

import base64
import json
import re

import numpy as np
import pytest
from lab.node import LAB, MATHEMATICS, run

from wgan import Config, train

RECIPES = json.loads((LAB / "rooms/training.json").read_text())
# The methods of the room `train` as it begins with them, and settings that take the other branches of the mathematics.
CONFIGS = {name: RECIPES["base"] | method for name, method in RECIPES["methods"].items()} | {
    "tanh": {"width": 32, "activation": "tanh", "depth": 2, "penalty_sides": "one", "seed": 9, "data": "25gaussians"},
    "deep": {"width": 32, "network": "mlp", "latent": 8, "decay": "cosine", "n_critic": 3, "data": "swissroll"},
    "still": {"width": 32, "decay": "none", "average": 0.0, "optimiser": "rmsprop", "held_out": 0.0},
}
STEPS = 200
SCRIPT = """
    const trainer = training.createTrainer({ ...given, steps: %d });
    const found = [];
    for (let k = 0; k < %d; k++) found.push(trainer.step());
    return found;
"""


def config_of(name):
    return {"data": "8gaussians"} | CONFIGS[name]


def losses_of_python(config, steps):
    changes = {"engine": "torch", "precision": "float64", "steps": steps, "log_every": 1, "diagnose_every": 10**6}
    records = list(train(Config(**{**config, **changes})))
    return records[1:]


def same(found, wanted):
    """Whether each loss equals Python's to 1e-6 of it."""
    assert len(found) == len(wanted) == STEPS
    for name in found[0]:
        ours, theirs = (np.array([record[name] for record in records]) for records in (found, wanted))
        assert (np.abs(ours - theirs) <= 1e-6 * np.abs(theirs)).all(), name
    assert {"critic_loss", "generator_loss"} <= found[0].keys()


@pytest.mark.parametrize("name", CONFIGS)
def test_the_first_200_losses_in_node_are_those_of_wgan_train(name):
    config = config_of(name)
    same(run(SCRIPT % (STEPS, STEPS), config, training="training"), losses_of_python(config, STEPS))


@pytest.mark.browser
def test_the_first_200_losses_in_chromium_are_those_of_wgan_train(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>training</title>")
    browser.open(page)
    config = config_of("gp")
    script = f"const given = {json.dumps(config)};\n{SCRIPT % (STEPS, STEPS)}"
    found = browser.value(f"(async () => {{ {imported('training')} {script} }})()")
    same(found, losses_of_python(config, STEPS))


def imported(name):
    """A script that imports a module and what it needs, each as a data address: a page from disk has no modules."""
    made = {}

    def address(module):
        if module not in made:
            text = (MATHEMATICS / f"{module}.js").read_text()
            text = re.sub(r'from "\./([\w.]+)\.js"', lambda match: f'from "{address(match[1])}"', text)
            made[module] = f"data:text/javascript;base64,{base64.b64encode(text.encode()).decode()}"
        return made[module]

    return f'const {name} = await import("{address(name)}");'


GRADIENTS = """
    // The whole loss of the critic as a function of one weight: its gradient against central differences.
    const { arraysOf, backward, backwardOfInputGradient, forward, inputGradient, network, workspace } = networks;
    const net = network([2, 5, 4, 1], given.activation, philox.draws(1, "weights"));
    const random = philox.draws(2, "z"), rows = 7, x = random.normal64(2 * rows), aim = random.normal64(2 * rows);
    net.layers.forEach((layer) => layer.bias.set(random.normal64(layer.bias.length)));
    const work = workspace(net, rows), gradient = networks.zerosLike(net.layers);
    const loss = () => {
      const scores = forward(net, x, work).reduce((sum, one) => sum + Math.sin(one), 0);
      return scores + inputGradient(net, work).reduce((sum, one, k) => sum + aim[k] * one * one, 0);
    };
    const by = forward(net, x, work).map(Math.cos);
    backward(net, by, work, gradient);
    const slope = inputGradient(net, work);
    backwardOfInputGradient(net, slope.map((one, k) => 2 * aim[k] * one), work, gradient);
    const exact = [], differences = [], step = 1e-6;
    arraysOf(net.layers).forEach((array, n) => array.forEach((value, k) => {
      array[k] = value + step;
      const above = loss();
      array[k] = value - step;
      differences.push((above - loss()) / (2 * step));
      array[k] = value;
      exact.push(arraysOf(gradient)[n][k]);
    }));
    return { exact, differences };
"""


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh"])
def test_the_gradient_of_scores_and_of_slopes_is_that_of_finite_differences(activation):
    found = run(GRADIENTS, {"activation": activation}, networks="networks", philox="philox")
    assert np.allclose(found["exact"], found["differences"], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("shape", [(1, 7), (6, 4), (40, 40), (2, 64)])
def test_the_bound_of_an_operator_norm_is_less_than_one_percent_too_large(shape):
    matrix = np.random.default_rng(0).normal(size=shape)
    found = run("return products.operatorNormBound(...given);", [matrix.ravel().tolist(), *shape], products="products")
    exact = np.linalg.norm(matrix, 2)
    assert exact * (1 - 1e-12) <= found <= 1.01 * exact


def test_the_exact_distance_lies_between_its_bounds_and_above_the_certified_estimate():
    script = """
        const trainer = training.createTrainer({ ...given, width: 16, average: 0 });
        for (let k = 0; k < 60; k++) trainer.step();
        return trainer.measure();
    """
    found = run(script, config_of("gp"), training="training")
    assert 0 < abs(found["certified"]) <= found["w1"]
    assert found["lower"] <= found["w1"] <= found["upper"]


@pytest.mark.parametrize(
    "changed",
    [{"width": 0}, {"n_critic": 1.5}, {"objective": "<b>"}, {"data": "own", "points": [1, 2]}, {"batch": 10**9}],
)
def test_a_config_that_cannot_be_trained_is_refused_in_a_sentence(changed):
    script = "try { training.createTrainer(given); } catch (problem) { return [problem.name, problem.message]; }"
    name, sentence = run(script, changed, training="training")
    assert name == "RangeError"
    assert sentence.endswith(".")
