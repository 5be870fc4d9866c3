// Made by benchmarks/lab_verdicts.py from the rules of the Python package; change those, not this file.
import * as py from "./python.js";

const quantities_QUANTITIES = {"step": {"title": "Step", "floor": null}, "w1": {"title": "W1 to held-out rows", "floor": "w1_floor"}, "w1_floor": {"title": "W1, real against real", "floor": null}, "generator_w1": {"title": "W1 to held-out rows, without averaging", "floor": "w1_floor"}, "energy_distance": {"title": "Energy distance to held-out rows", "floor": "energy_distance_floor"}, "energy_distance_error": {"title": "Error of the energy distance", "floor": null}, "energy_distance_floor": {"title": "Energy distance, real against real", "floor": null}, "energy_distance_chance": {"title": "Energy distance by chance", "floor": null}, "best_by.MEASURE": {"title": "Measure that chooses the best checkpoint", "floor": null}, "best_by_error.MEASURE": {"title": "Error of the measure that chooses", "floor": null}, "reported.MEASURE": {"title": "Reported measure", "floor": null}, "reported_error.MEASURE": {"title": "Error of the reported measure", "floor": null}, "coverage": {"title": "Coverage", "floor": "coverage_floor"}, "coverage_floor": {"title": "Coverage by training rows", "floor": null}, "precision": {"title": "Precision", "floor": "precision_floor"}, "precision_floor": {"title": "Precision of training rows", "floor": null}, "support": {"title": "Effective support", "floor": "support_floor"}, "support_lower": {"title": "Lower end of the effective support", "floor": null}, "support_upper": {"title": "Upper end of the effective support", "floor": null}, "support_floor": {"title": "Effective support of held-out rows", "floor": null}, "kinds": {"title": "Classes made", "floor": "kinds_floor"}, "kinds_floor": {"title": "Classes among held-out rows", "floor": null}, "kinds_lower": {"title": "Lower end of the classes made", "floor": null}, "kinds_upper": {"title": "Upper end of the classes made", "floor": null}, "missing_mass": {"title": "Mass that is missed", "floor": null}, "missing_mass_lower": {"title": "Lower end of the mass that is missed", "floor": null}, "missing_mass_upper": {"title": "Upper end of the mass that is missed", "floor": null}, "diversity": {"title": "Diversity", "floor": null}, "copied": {"title": "Copies of training rows", "floor": "copied_floor"}, "copied_floor": {"title": "Copies among held-out rows", "floor": null}, "nearest": {"title": "Distance to the nearest training row", "floor": "nearest_floor"}, "nearest_floor": {"title": "Distance from held-out rows to the nearest training row", "floor": null}, "classes": {"title": "Effective classes among samples", "floor": "classes_floor"}, "classes_floor": {"title": "Effective classes among held-out rows", "floor": null}, "largest_class": {"title": "Largest class among samples", "floor": null}, "largest_class_share": {"title": "Share of the largest class", "floor": null}, "measured_rows": {"title": "Rows behind the distances", "floor": null}, "spectrum": {"title": "Power spectrum, difference", "floor": "spectrum_floor"}, "spectrum_floor": {"title": "Power spectrum, real against real", "floor": null}, "spectrum_worst": {"title": "Power spectrum, surest difference", "floor": null}, "spectrum_worst_error": {"title": "Power spectrum, error of the surest difference", "floor": null}, "spectrum_worst_at": {"title": "Power spectrum, place of the surest difference", "floor": null}, "spectrum_worst_channel": {"title": "Power spectrum, channel of the surest difference", "floor": null}, "autocorrelation": {"title": "Autocorrelation, difference", "floor": "autocorrelation_floor"}, "autocorrelation_floor": {"title": "Autocorrelation, real against real", "floor": null}, "autocorrelation_worst": {"title": "Autocorrelation, surest difference", "floor": null}, "autocorrelation_worst_error": {"title": "Autocorrelation, error of the surest difference", "floor": null}, "autocorrelation_worst_at": {"title": "Autocorrelation, place of the surest difference", "floor": null}, "autocorrelation_worst_channel": {"title": "Autocorrelation, channel of the surest difference", "floor": null}, "channels": {"title": "Channel correlations, difference", "floor": "channels_floor"}, "channels_floor": {"title": "Channel correlations, real against real", "floor": null}, "channels_worst": {"title": "Channel correlations, surest difference", "floor": null}, "channels_worst_error": {"title": "Channel correlations, error of the surest difference", "floor": null}, "channels_worst_at": {"title": "Channel correlations, place of the surest difference", "floor": null}, "channels_worst_channel": {"title": "Channel correlations, channel of the surest difference", "floor": null}, "two_point": {"title": "Two-point function, difference", "floor": "two_point_floor"}, "two_point_floor": {"title": "Two-point function, real against real", "floor": null}, "two_point_worst": {"title": "Two-point function, surest difference", "floor": null}, "two_point_worst_error": {"title": "Two-point function, error of the surest difference", "floor": null}, "two_point_worst_at": {"title": "Two-point function, place of the surest difference", "floor": null}, "two_point_worst_channel": {"title": "Two-point function, channel of the surest difference", "floor": null}, "phase_fraction": {"title": "Phase fraction, difference", "floor": "phase_fraction_floor"}, "phase_fraction_floor": {"title": "Phase fraction, real against real", "floor": null}, "phase_fraction_worst": {"title": "Phase fraction, surest difference", "floor": null}, "phase_fraction_worst_error": {"title": "Phase fraction, error of the surest difference", "floor": null}, "phase_fraction_worst_at": {"title": "Phase fraction, place of the surest difference", "floor": null}, "phase_fraction_worst_channel": {"title": "Phase fraction, channel of the surest difference", "floor": null}, "amplitude": {"title": "Amplitudes, difference", "floor": "amplitude_floor"}, "amplitude_floor": {"title": "Amplitudes, real against real", "floor": null}, "amplitude_worst": {"title": "Amplitudes, surest difference", "floor": null}, "amplitude_worst_error": {"title": "Amplitudes, error of the surest difference", "floor": null}, "amplitude_worst_at": {"title": "Amplitudes, place of the surest difference", "floor": null}, "amplitude_worst_channel": {"title": "Amplitudes, channel of the surest difference", "floor": null}, "dependence": {"title": "Dependence on the condition", "floor": "dependence_floor"}, "dependence_floor": {"title": "Dependence of real rows", "floor": null}, "dependence_p": {"title": "Dependence on the condition, p-value", "floor": null}, "dependence_of": {"title": "Which condition", "floor": null}, "unlike_levels": {"title": "Levels that are too rare or too frequent", "floor": null}, "unlike_level": {"title": "The surest of these levels", "floor": null}, "unlike_level_numbers": {"title": "The rows of this level", "floor": null}, "estimate": {"title": "Estimate, training rows", "floor": null}, "held_out_estimate": {"title": "Estimate, held-out rows", "floor": null}, "memorised_score": {"title": "Memorised score", "floor": null}, "memorised_score_error": {"title": "Standard error of the memorised score", "floor": null}, "critic_loss": {"title": "Loss of the critic", "floor": null}, "generator_loss": {"title": "Loss of the generator", "floor": null}, "penalty": {"title": "Penalty", "floor": null}, "critic_class_loss": {"title": "Class loss of the critic", "floor": null}, "generator_class_loss": {"title": "Class loss of the generator", "floor": null}, "gradient_norm_real": {"title": "Gradient norm of the critic at real rows", "floor": null}, "gradient_norm_fake": {"title": "Gradient norm of the critic at samples", "floor": null}, "gradient_norm_mixed": {"title": "Gradient norm of the critic between real rows and samples", "floor": null}, "gradient_norm": {"title": "Gradient norm of the critic in the penalty", "floor": null}, "critic_gradient.LAYER": {"title": "Gradient of a layer of the critic", "floor": null}, "generator_gradient": {"title": "Gradient of the generator", "floor": null}, "clipped_weights": {"title": "Clipped weights", "floor": null}, "learning_rate": {"title": "Learning rate", "floor": null}, "generator_learning_rate": {"title": "Learning rate of the generator", "floor": null}, "extended_to": {"title": "Extended to", "floor": null}, "seconds": {"title": "Time", "floor": null}, "steps_per_second": {"title": "Speed", "floor": null}, "fault": {"title": "Fault", "floor": null}};
const CONSTRAINTS = py.makers({"none": {"bounds_layers": false, "wanted_slope": null}, "clip": {"bounds_layers": false, "wanted_slope": null}, "sphere": {"bounds_layers": false, "wanted_slope": null}, "spectral": {"bounds_layers": true, "wanted_slope": null}, "orthogonal": {"bounds_layers": true, "wanted_slope": null}, "aol": {"bounds_layers": true, "wanted_slope": null}, "sll": {"bounds_layers": true, "wanted_slope": null}, "orthogonal-convolutions": {"bounds_layers": true, "wanted_slope": null}, "gradient-penalty": {"bounds_layers": false, "wanted_slope": 1.0}, "dragan": {"bounds_layers": false, "wanted_slope": 1.0}, "consistency": {"bounds_layers": false, "wanted_slope": 1.0}, "r1": {"bounds_layers": false, "wanted_slope": 0.0}, "r2": {"bounds_layers": false, "wanted_slope": 0.0}, "r1-r2": {"bounds_layers": false, "wanted_slope": 0.0}, "zero-centred": {"bounds_layers": false, "wanted_slope": 0.0}, "wgan-div": {"bounds_layers": false, "wanted_slope": 0.0}});
const METRICS = {}; // the page measures by the energy distance
const NOTHING = { elsewhere: () => null, ignored: () => null, levels: { in_words: () => null }, structure: { in_words: () => null } };

// runs.quantity
function quantity_number(value) {
if (py.truth(py.or(() => !py.truth(py.math.isfinite(value)), () => py.eq(value, 0)))) {
return py.join(py.format(value, "g"));
}
if (py.truth((py.le(1000, py.builtin.abs(value)) && py.lt(py.builtin.abs(value), 10000000.0)))) {
return py.join(py.format(value, ",.0f"));
}
return (py.truth((py.le(0.001, py.builtin.abs(value)) && py.lt(py.builtin.abs(value), 1000))) ? py.method(py.join(py.format(value, "#.3g")), "rstrip", ".") : py.join(py.format(value, ".3g")));
}
function quantity_whole(value) {
return py.join(py.format(value, ",.0f"));
}
function quantity_share(value) {
let left;
left = py.builtin.min(value, py.sub(1, value));
if (py.truth(!py.truth((py.lt(0, left) && py.lt(left, 0.01))))) {
return py.join(py.format(py.mul(100, value), ".0f"), " %");
}
if (py.truth(py.lt(left, 0.001))) {
return (py.truth(py.lt(value, 0.5)) ? "under 0.1 %" : "over 99.9 %");
}
return py.join(py.format(py.mul(100, value), ".1f"), " %");
}

// runs.quantities
function quantities_quantity(name) {
let key;
if (py.truth(!py.in_((key = quantities_entry(name)), quantities_QUANTITIES))) {
throw py.problem(py.join(py.builtin.str(name), " is not a logged quantity; give it an entry in QUANTITIES."));
}
return py.get(quantities_QUANTITIES, key);
}
function quantities_entry(name) {
let _, dot, family;
[family, dot, _] = py.items(py.method(name, "partition", "."));
return (py.truth(dot) ? py.method(quantities__FAMILIES, "get", family, name) : name);
}
function quantities_title(name) {
let _, dot, member;
[_, dot, member] = py.items(py.method(name, "partition", "."));
return (py.truth(dot) ? py.join(py.builtin.str(quantities_quantity(name).title), ": ", py.builtin.str(member)) : quantities_quantity(name).title);
}
const quantities__FAMILIES = Object.fromEntries(py.items(quantities_QUANTITIES).filter((key) => py.truth(py.in_(".", key))).map((key) => [py.get(py.method(key, "partition", "."), 0), key]));

// runs.best
const best_ENERGY = "energy_distance";
const best_Measured = py.namedTuple(["step", "loss", "error"], {  }, {  });
function best_lowest(history) {
return py.builtin.min(history, py.named({ key: ((one) => one.loss), default: null }));
}
function best_choose(history, kept = null) {
let known, least, near;
known = py.items(history).filter((one) => py.truth(py.or(() => py.is(kept, null), () => py.in_(one.step, kept)))).map((one) => one);
least = best_lowest(history);
if (py.truth(py.or(() => !py.truth(known), () => py.is(least, null)))) {
return null;
}
near = py.items(known).filter((one) => py.truth(py.le(one.loss, py.add(least.loss, least.error)))).map((one) => one);
return (py.truth(near) ? py.get(near, py.mul(-1, 1)) : best_lowest(known));
}
function best_column_of(measure) {
return (py.truth(py.eq(measure, best_ENERGY)) ? measure : py.join("best_by.", py.builtin.str(measure)));
}
function best_error_of(column) {
return (py.truth(py.eq(column, best_ENERGY)) ? py.join(py.builtin.str(best_ENERGY), "_error") : py.method(column, "replace", "best_by.", "best_by_error.", 1));
}
function best_loss_of(measure, value) {
let better;
better = (py.truth(py.in_(measure, METRICS)) ? py.get(METRICS, measure).better : "lower");
return (py.truth(py.in_(better, ["lower", "higher"])) ? py.get({ ["lower"]: value, ["higher"]: py.mul(-1, value) }, better) : py.builtin.abs(py.sub(value, py.builtin.float(better))));
}
function best_history(log, measure, column = null, before = py.math.inf) {
let errors, known, values;
if (py.truth(py.or(() => !py.in_("step", log), () => py.eq(py.get(log, "step").dtype, "object")))) {
return [];
}
column = py.or(() => column, () => best_column_of(measure));
[values, errors] = py.items([best__numbers(log, column), py.np.nan_to_num(best__numbers(log, best_error_of(column)))]);
known = py.items(py.builtin.range(py.builtin.len(values))).filter((i) => py.truth(py.and(() => py.lt(py.get(py.get(log, "step"), i), before), () => py.np.isfinite(py.get(values, i))))).map((i) => i);
return py.items(known).filter((i) => true).map((i) => best_Measured(py.builtin.int(py.get(py.get(log, "step"), i)), best_loss_of(measure, py.builtin.float(py.get(values, i))), py.builtin.float(py.get(errors, i))));
}
function best__numbers(log, name) {
let values;
values = py.method(log, "get", name);
return (py.truth(py.or(() => py.is(values, null), () => py.eq(values.dtype, "object"))) ? py.np.full(py.builtin.len(py.get(log, "step")), py.math.nan) : values);
}

// reports.series
const series_NORMAL = 1.96;
const series_BLOCKS = 16;
const series_FEWEST = 8;
const series_Difference = py.namedTuple(["value", "lower", "upper", "chance", "start", "falls"], {  }, { seen: function (self) {
return py.and(() => py.gt(self.value, self.chance), () => py.gt(self.lower, 0));
} });
function series_difference(log) {
let above, after, before, chance, error, falls, half, start, value;
[value, error] = py.items([series_late_median(log, "energy_distance"), series_late_median(log, "energy_distance_error")]);
chance = series_first_value(log, "energy_distance_chance");
if (py.truth(py.or(() => !py.truth(py.builtin.all(py.items([value, error, chance]).filter((x) => true).map((x) => py.math.isfinite(x)))), () => py.lt(error, 0)))) {
return null;
}
[before, after] = py.items(series__before_and_after(log, series_column(log, "energy_distance")));
[start, half] = py.items([series_first_value(log, "energy_distance"), py.mul(series_NORMAL, error)]);
falls = py.builtin.bool(py.and(() => py.builtin.len(before), () => py.builtin.len(after), () => py.gt(py.sub(py.method(before, "min"), py.method(after, "min")), py.builtin.max(half, py.mul(series_LEAST_FALL, py.method(before, "min"))))));
above = py.builtin.max(half, chance);
return series_Difference(value, py.sub(value, half), py.add(value, above), chance, start, falls);
}
function series__before_and_after(log, values) {
let known, late;
[known, late] = py.items([py.np.isfinite(values), series__is_late(log)]);
if (py.truth(py.method(py.and_(py.and_(known, py.not_(late)), py.ge(py.get(log, "step"), py.mul(0.5, py.method(py.get(log, "step"), "max")))), "any"))) {
return [py.get(values, py.and_(known, py.not_(late))), py.get(values, py.and_(known, late))];
}
return [py.slice(py.get(values, py.and_(known, late)), null, 1), py.slice(py.get(values, py.and_(known, late)), 1, null)];
}
const series_LEAST_FALL = 0.05;
function series_is_logged(log, name) {
quantities_quantity(name);
return py.in_(name, log);
}
function series_column(log, name) {
let values;
values = (py.truth(series_is_logged(log, name)) ? py.get(log, name) : null);
return (py.truth(py.or(() => py.is(values, null), () => py.eq(values.dtype, "object"))) ? py.np.full(py.builtin.len(py.get(log, "step")), py.math.nan) : values);
}
function series_late_median(log, name) {
let found, values;
values = series_column(log, name);
found = py.get(values, py.and_(py.np.isfinite(values), series__is_late(log)));
return (py.truth(py.builtin.len(found)) ? py.builtin.float(py.np.median(found)) : py.math.nan);
}
function series__is_late(log) {
return py.ge(py.get(log, "step"), py.mul(0.75, py.method(py.get(log, "step"), "max")));
}
function series_floor_value(log, name) {
let floor;
floor = quantities_quantity(name).floor;
return series_first_value(log, floor);
}
function series_largest(values) {
return py.builtin.float(py.np.max(values, { initial: 0.0, where: py.np.isfinite(values) }));
}
function series_first_value(log, name) {
let values;
values = series_column(log, name);
return (py.truth(py.method(py.np.isfinite(values), "any")) ? py.builtin.float(py.get(py.get(values, py.np.isfinite(values)), 0)) : py.math.nan);
}
function series_last_value(log, name) {
let values;
values = series_column(log, name);
return (py.truth(py.method(py.np.isfinite(values), "any")) ? py.builtin.float(py.get(py.get(values, py.np.isfinite(values)), py.mul(-1, 1))) : py.math.nan);
}
function series_error_of_share(share, count) {
let inside;
if (py.truth(py.or(() => py.math.isnan(share), () => py.math.isnan(count)))) {
return py.math.nan;
}
inside = py.builtin.min(py.builtin.max(share, 0.0), 1.0);
return py.math.sqrt(py.div(py.mul(inside, py.sub(1, inside)), py.builtin.max(count, 1.0)));
}
function series_step_since(log, true_) {
let false_;
false_ = py.np.flatnonzero(py.not_(true_));
return (py.truth(py.builtin.len(false_)) ? py.builtin.int(py.get(py.get(log, "step"), py.builtin.min(py.sub(py.builtin.len(true_), 1), py.add(py.get(false_, py.mul(-1, 1)), 1)))) : py.builtin.int(py.get(py.get(log, "step"), 0)));
}
function series_median_filter(values, width) {
let half, parts;
half = py.floordiv(width, 2);
parts = py.items(py.builtin.range(py.builtin.len(values))).filter((i) => true).map((i) => py.slice(values, py.builtin.max(0, py.sub(i, half)), py.add(py.add(i, half), 1)));
return py.np.array(py.items(parts).filter((part) => true).map((part) => (py.truth(py.method(py.np.isfinite(part), "any")) ? py.np.nanmedian(part) : py.math.nan)));
}
function series_rank_correlation(first, second) {
let rank;
if (py.truth(py.eq(py.builtin.min(py.np.ptp(first), py.np.ptp(second)), 0))) {
return [0.0, py.mul(-1, 1.0), 1.0];
}
rank = py.builtin.float(py.get(py.np.corrcoef(py.builtin.rankdata(first), py.builtin.rankdata(second)), [0, 1]));
return [rank, ...py.items(series__fishers_interval(rank, py.builtin.len(first)))];
}
function series__fishers_interval(rank, count, times = 1.0) {
let half, z;
z = py.math.atanh(py.builtin.min(py.builtin.max(rank, py.add(py.mul(-1, 1), 1e-09)), py.sub(1, 1e-09)));
half = py.mul(series_NORMAL, py.math.sqrt(py.div(py.mul(times, py.add(1, py.div(py.pow(rank, 2), 2))), py.sub(count, 3))));
return [py.math.tanh(py.sub(z, half)), py.math.tanh(py.add(z, half))];
}
function series_common_changes(first, second) {
let changes, count, cut, rank;
cut = py.items([first, second]).filter((x) => true).map((x) => py.np.array(py.items(py.np.array_split(x, py.builtin.min(py.add(series_BLOCKS, 1), py.builtin.len(x)))).filter((part) => true).map((part) => py.method(part, "mean"))));
changes = py.items(cut).filter((x) => true).map((x) => py.np.diff(x));
count = py.builtin.len(py.get(changes, 0));
if (py.truth(py.or(() => py.lt(count, series_FEWEST), () => py.eq(py.builtin.min(py.items(changes).filter((one) => true).map((one) => py.np.ptp(one))), 0)))) {
return [0.0, py.mul(-1, 1.0), 1.0, count];
}
rank = py.get(series_rank_correlation(...py.items(changes)), 0);
return [rank, ...py.items(series__fishers_interval(rank, count, 1.5)), count];
}

// reports.remedies
function remedies_more_steps() {
return py.join("Raise ", py.builtin.str(py.setting("steps")), ", with ", py.builtin.str(py.setting("extend", true)), " to go on with this run.");
}
function remedies_to_come_nearer() {
return py.join("Raise ", py.builtin.str(py.setting("steps")), ", or try another ", py.builtin.str(py.setting("learning_rate")), " or ", py.builtin.str(py.setting("width")), ".");
}
function remedies_to_hold_out(config) {
let held_out;
held_out = (py.truth(py.method(config, "get", "held_out")) ? "Hold more rows out." : "");
return py.or(() => held_out, () => py.join("Hold rows out, for example with ", py.builtin.str(py.setting("held_out", 0.1)), "."));
}
function remedies_to_sharper_tests() {
return py.join("Raise ", py.builtin.str(py.setting("held_out")), ": more held-out rows make the test sharper.");
}
function remedies_to_more_kinds(config) {
let better, changes, first;
better = { ["objective"]: "wasserstein", ["constraint"]: "gradient-penalty" };
changes = py.items(py.method(better, "items")).filter(([name, one]) => py.truth(py.ne(py.method(config, "get", name, "wasserstein"), one))).map(([name, one]) => py.setting(name, one));
first = (py.truth(changes) ? py.join("Use ", py.builtin.str(py.method(" with ", "join", changes)), ", raise") : "Raise");
return py.join(py.builtin.str(first), " ", py.builtin.str(py.setting("n_critic")), ", ", py.builtin.str(py.setting("latent")), " or ", py.builtin.str(py.setting("width")), ", or lower the learning rate.");
}
function remedies_or_bound_the_critic(config) {
let bounded, make;
make = py.method(CONSTRAINTS, "get", py.builtin.str(py.method(config, "get", "constraint")));
bounded = py.and(() => make, () => py.or(() => make().bounds_layers, () => py.eq(make().wanted_slope, 1)));
return (py.truth(bounded) ? "" : py.join(", or use ", py.builtin.str(py.setting("constraint", "gradient-penalty")), ", which bounds the critic"));
}
function remedies_to_a_slope(config) {
let make, remedy, wanted;
make = py.method(CONSTRAINTS, "get", py.builtin.str(py.method(config, "get", "constraint")));
wanted = (py.truth(make) ? make().wanted_slope : null);
if (py.truth(py.eq(wanted, 0))) {
return ["and the penalty pulls it to 0", py.join("Lower ", py.builtin.str(py.setting("penalty_weight")), ", or use ", py.builtin.str(py.setting("constraint", "gradient-penalty")), ".")];
}
if (py.truth(py.eq(wanted, 1))) {
remedy = py.join("Raise ", py.builtin.str(py.setting("penalty_weight")), ", which holds the slope near 1, or lower the learning rate.");
} else {
remedy = py.join("Use ", py.builtin.str(py.setting("constraint", "gradient-penalty")), ", which holds the slope near 1.");
}
return ["but it should be near 1", remedy];
}
function remedies_other_norm(config) {
return (py.truth(py.in_(py.method(config, "get", "generator_norm"), ["none", null])) ? py.join(", or with ", py.builtin.str(py.setting("generator_norm", "batch"))) : "");
}
function remedies_best_checkpoint(log, config) {
let found, measure;
measure = py.builtin.str(py.method(config, "get", "best_by", best_ENERGY));
found = best_choose(best_history(log, measure));
if (py.truth(py.is(found, null))) {
return "";
}
return py.join(" The best checkpoint, by ", py.builtin.str(py.method(measure, "replace", "_", " ")), ", is that of step ", py.format(found.step, ","), ".");
}

// reports.unfinished
function unfinished_is_unfinished(log, config) {
let measured, steps;
steps = py.method(config, "get", "steps");
if (py.truth(py.or(() => !py.truth(py.isinstance(steps, "int")), () => py.ge(unfinished__last_step(log), steps), () => unfinished_faults_and_steps(log)))) {
return false;
}
measured = best_history(log, py.builtin.str(py.method(config, "get", "best_by", best_ENERGY)));
return !py.truth(unfinished_ended_early(config, unfinished__last_step(log), best_lowest(measured)));
}
function unfinished_ended_early(config, at, found) {
let every, measured, patience;
[patience, every] = py.items([py.method(config, "get", "until_no_better"), py.method(config, "get", "diagnose_every")]);
measured = py.and(() => py.isinstance(every, "int"), () => py.gt(every, 0), () => py.eq(py.mod(at, every), 0));
return py.and(() => py.isinstance(patience, "int"), () => measured, () => !py.is(found, null), () => py.ge(py.sub(at, found.step), patience));
}
function unfinished_let_it_finish(remedy, log, config) {
let first, more;
first = py.join("Let the run finish: it is at step ", py.format(unfinished__last_step(log), ","), " of ", py.format(py.get(config, "steps"), ","), ".");
more = py.or(() => !py.truth(remedy), () => py.method(remedy, "startswith", py.join("Raise ", py.builtin.str(py.setting("steps")))));
return (py.truth(more) ? first : py.join(py.builtin.str(first), " If this verdict stays: ", py.builtin.str(remedy)));
}
function unfinished_next_measurement(log, config) {
let every, steps;
[every, steps] = py.items([py.method(config, "get", "diagnose_every"), py.builtin.int(py.get(config, "steps"))]);
if (py.truth(!py.truth(py.and(() => py.isinstance(every, "int"), () => py.gt(every, 0))))) {
return steps;
}
return py.builtin.min(steps, py.mul(py.add(py.floordiv(unfinished__last_step(log), every), 1), every));
}
function unfinished_faults_and_steps(log) {
let texts;
texts = (py.truth(series_is_logged(log, "fault")) ? py.get(log, "fault") : []);
return py.items(py.builtin.zip(py.get(log, "step"), texts, py.named({ strict: false }))).filter(([step, text]) => py.truth(py.isinstance(text, "str"))).map(([step, text]) => [step, text]);
}
function unfinished__last_step(log) {
return py.builtin.int(py.get(py.get(log, "step"), py.mul(-1, 1)));
}

// reports.far
const far_LESS = 0.5;
const far_AWAY = "The samples went away from the data.";
function far_at_the_end(log, far, much) {
let interval, last, lower, measured, upper;
measured = best_history(log, best_ENERGY);
if (py.truth(!py.truth(measured))) {
return "";
}
last = py.get(measured, py.mul(-1, 1));
[lower, upper] = py.items([py.sub(last.loss, py.mul(series_NORMAL, last.error)), py.add(last.loss, py.mul(series_NORMAL, last.error))]);
if (py.truth(!py.truth(py.gt(lower, py.builtin.max(much, far.upper))))) {
return "";
}
interval = py.join("with a 95 % interval of ", py.builtin.str(quantity_number(lower)), " to ", py.builtin.str(quantity_number(upper)));
return py.join(" These are medians of the last quarter. At step ", py.format(last.step, ","), " it is ", py.builtin.str(quantity_number(last.loss)), ", ", py.builtin.str(interval), ".");
}
function far_before(log, far) {
let nearest;
nearest = best_choose(best_history(log, best_ENERGY));
if (py.truth(py.or(() => py.is(nearest, null), () => !py.truth(py.lt(py.add(nearest.loss, py.mul(series_NORMAL, nearest.error)), py.mul(far_LESS, far.lower)))))) {
return "";
}
return py.join(" It was ", py.builtin.str(quantity_number(nearest.loss)), " at step ", py.format(nearest.step, ","), ".");
}
function far_in_words(log, config, far, ended) {
let nearer, remedy, slower;
slower = py.join("Lower ", py.builtin.str(py.setting("learning_rate")), ", tenfold first.");
if (py.truth(py.or(() => py.gt(far.lower, far.start), () => py.gt(series_late_median(log, "w1"), py.mul(1.1, series_first_value(log, "w1")))))) {
return [far_AWAY, ended, slower];
}
if (py.truth((nearer = py.or(() => ended, () => far_before(log, far))))) {
return [far_AWAY, nearer, py.add(slower, remedies_best_checkpoint(log, config))];
}
remedy = (py.truth(far.falls) ? remedies_more_steps() : remedies_to_come_nearer());
return ["The samples are far from the data.", "", remedy];
}

// reports.verdicts
const verdicts_MARGIN = 0.01;
const verdicts_FAR = 0.1;
const [verdicts_STEEPEST, verdicts_FLATTEST] = [100.0, 0.001];
const verdicts_TINY = 0.03;
const verdicts_SAME = 1e-06;
const verdicts_SHOWN = 0.5;
const verdicts_COVERED = 0.7;
const verdicts_REALISTIC = 0.8;
const verdicts_FEW = 0.1;
const verdicts_HARDLY = 0.25;
const verdicts_MISSED = 0.02;
const verdicts_MEASURED = 3;
const verdicts_GRADIENT_NORMS = ["gradient_norm_real", "gradient_norm_fake", "gradient_norm_mixed", "gradient_norm"];
const verdicts_Verdict = py.namedTuple(["name", "kind", "sentence", "evidence", "remedy", "explains"], { remedy: "", explains: [] }, {  });
function verdicts_verdicts(log, config = null) {
let early, found, one, verdict;
config = py.or(() => config, () => {  });
found = [];
if (py.truth(!py.truth(py.builtin.len(py.method(log, "get", "step", []))))) {
return [];
}
if (py.truth((early = verdicts_too_early(log, config)))) {
return [early];
}
for (const $item of py.items(py.method(verdicts_VERDICTS, "values"))) {
verdict = $item;
one = verdict(log, config);
if (py.truth(py.and(() => one, () => !py.truth(py.builtin.any(py.items(found).filter((other) => true).map((other) => py.in_(one.name, other.explains))))))) {
py.method(found, "append", one);
}
}
if (py.truth(unfinished_is_unfinished(log, config))) {
found = py.items(found).filter((one) => true).map((one) => (py.truth(one.remedy) ? py.method(one, "_replace", { remedy: unfinished_let_it_finish(one.remedy, log, config) }) : one));
}
return py.builtin.sorted(found, py.named({ key: verdicts__urgency }));
}
function verdicts_too_early(log, config) {
let count, evidence, known, remedy, sentence;
known = py.or_(py.np.isfinite(series_column(log, "energy_distance")), py.np.isfinite(series_column(log, "w1")));
count = py.builtin.int(py.method(py.and_(known, py.gt(py.get(log, "step"), 0)), "sum"));
if (py.truth(py.or(() => !py.truth(py.method(known, "any")), () => py.ge(count, verdicts_MEASURED), () => unfinished_faults_and_steps(log), () => py.and(() => count, () => verdicts_at_floor(log))))) {
return null;
}
evidence = "Only the untrained generator was measured, at step 0.";
if (py.truth(count)) {
evidence = py.join("After step 0 the samples were measured ", py.builtin.str((py.truth(py.eq(count, 1)) ? "once" : "twice")), ". ");
evidence = py.add(evidence, py.join("Verdicts need ", py.builtin.str(verdicts_MEASURED), " measurements. "));
evidence = py.add(evidence, (py.truth(py.or(() => series_difference(log), () => py.math.isfinite(series_late_median(log, "w1")))) ? verdicts__how_far(log) : ""));
}
if (py.truth(!py.truth(unfinished_is_unfinished(log, config)))) {
sentence = "The run is too short to say how good the samples can become.";
return verdicts_Verdict("too early", "note", sentence, py.method(evidence, "strip"), remedies_more_steps());
}
sentence = "It is too early to say how good the samples are.";
remedy = py.join(py.builtin.str(unfinished_let_it_finish("", log, config)), " The next measurement is at step ", py.format(unfinished_next_measurement(log, config), ","), ".");
return verdicts_Verdict("too early", "note", sentence, py.method(evidence, "strip"), remedy);
}
function verdicts__urgency(one) {
return [py.ne(one.kind, "fault"), py.ne(one.name, "difference from the data"), py.ne(one.kind, "note")];
}
function verdicts_exploding_critic(log, config) {
let _, at, became, distance, estimate, evidence, faults, name, remedy, sentence, since, slope, steepest, text;
remedy = py.join("Lower the learning rate, tenfold first", py.builtin.str(remedies_or_bound_the_critic(config)), ".");
if (py.truth((faults = unfinished_faults_and_steps(log)))) {
[at, text] = py.items(py.get(faults, py.mul(-1, 1)));
[name, _, became] = py.items(py.method(text, "partition", " "));
evidence = py.join(py.builtin.str((py.truth(py.in_(name, quantities_QUANTITIES)) ? quantities_title(name) : name)), " ", py.builtin.str(became), " at step ", py.format(at, ",.0f"), ".");
if (py.truth(verdicts_at_floor(log))) {
sentence = py.join("Training stopped at step ", py.format(at, ",.0f"), ", but the samples were good until then.");
remedy = py.join("Use the samples of a checkpoint before that step, or train again: ", py.builtin.str(py.method(py.get(remedy, 0), "lower")), py.builtin.str(py.slice(remedy, 1, null)));
return verdicts_Verdict("exploding critic", "note", sentence, evidence, py.add(remedy, remedies_best_checkpoint(log, config)));
}
sentence = py.join("The critic exploded: training stopped at step ", py.format(at, ",.0f"), ".");
return verdicts_Verdict("exploding critic", "fault", sentence, evidence, remedy, verdicts_ALL);
}
if (py.truth(!py.truth(verdicts__is_stuck(log)))) {
return null;
}
steepest = py.builtin.max(py.items(verdicts_GRADIENT_NORMS).filter((name) => true).map((name) => name), py.named({ key: ((name) => verdicts__or_zero(series_late_median(log, name))) }));
[slope, estimate] = py.items([series_late_median(log, steepest), py.builtin.abs(series_late_median(log, "estimate"))]);
distance = series_largest(series_column(log, "w1"));
if (py.truth(py.gt(slope, verdicts_STEEPEST))) {
since = series_step_since(log, py.not_(py.le(series_column(log, steepest), verdicts_STEEPEST)));
evidence = py.join(py.builtin.str(quantities_title(steepest)), ": ", py.builtin.str(quantity_number(slope)), ". It should be at most about 1. ");
sentence = py.join("The critic exploded: its gradient is too steep since step ", py.format(since, ","), ".");
} else {
if (py.truth((py.gt(estimate, py.mul(30, distance)) && py.gt(py.mul(30, distance), 0)))) {
evidence = py.join("The estimate is ", py.builtin.str(quantity_number(estimate)), ", but the distance never exceeded ", py.builtin.str(quantity_number(distance)), ". ");
sentence = "The critic exploded: its estimate is more than 30 times the distance.";
} else {
return null;
}
}
return verdicts_Verdict("exploding critic", "fault", sentence, py.add(evidence, verdicts__how_far(log)), remedy, verdicts_ALL);
}
function verdicts_vanishing_gradient(log, config) {
let bound, clipped, evidence, limit, remedy, slope, wanted;
[slope, clipped] = py.items([series_late_median(log, "gradient_norm_fake"), series_late_median(log, "clipped_weights")]);
if (py.truth(!py.truth(py.and(() => py.lt(slope, verdicts_FLATTEST), () => verdicts__is_stuck(log))))) {
return null;
}
[wanted, remedy] = py.items(remedies_to_a_slope(config));
evidence = py.join("The slope of the critic at the samples is ", py.format(slope, ".1e"), ", ", py.builtin.str(wanted), ". ", py.builtin.str(verdicts__how_far(log)));
if (py.truth(py.gt(clipped, 0.5))) {
bound = py.method(config, "get", "clip");
limit = (py.truth(bound) ? py.join("±", py.format(bound, "g")) : "the clipping limit");
evidence = py.join(py.builtin.str(quantity_share(clipped)), " of the critic's weights sit at ", py.builtin.str(limit), ". ", py.builtin.str(evidence));
return verdicts_Verdict("vanishing gradient", "fault", "Clipping has saturated the critic, and its gradient vanishes.", evidence, py.join("Raise ", py.builtin.str(py.setting("clip")), ", tenfold first, or use ", py.builtin.str(py.setting("constraint", "gradient-penalty")), "."), verdicts_ALL);
}
return verdicts_Verdict("vanishing gradient", "fault", "The critic is flat at the samples, so the generator learns nothing.", evidence, remedy, verdicts_ALL);
}
function verdicts_dead_generator(log, config) {
let arrives, constant, reaches, sentence;
[reaches, arrives] = py.items([series_late_median(log, "gradient_norm_fake"), series_late_median(log, "generator_gradient")]);
constant = py.lt(series_late_median(log, "diversity"), verdicts_SAME);
if (py.truth(!py.truth(py.and(() => py.or(() => py.lt(arrives, py.mul(0.001, reaches)), () => constant), () => verdicts__is_stuck(log))))) {
return null;
}
sentence = "The generator is dead: no gradient reaches its weights.";
if (py.truth(constant)) {
sentence = "The generator is dead: all its samples are the same.";
}
return verdicts_Verdict("dead generator", "fault", sentence, py.join("The norm of its gradient is ", py.format(arrives, ".1e"), ", but the slope of the critic at the samples is ", py.builtin.str(quantity_number(reaches)), "."), py.join("Its units are saturated. Start a new run with a lower learning rate", py.builtin.str(remedies_other_norm(config)), "."), verdicts_OF_SAMPLES);
}
function verdicts_memorising_generator(log, config) {
let copied, count, floor, smoothed;
[copied, floor, count] = py.items([series_late_median(log, "copied"), series_floor_value(log, "copied"), series_first_value(log, "measured_rows")]);
if (py.truth(!py.truth(py.and(() => py.math.isfinite(copied), () => py.math.isfinite(floor))))) {
return null;
}
count = py.builtin.min((py.truth(py.math.isfinite(count)) ? count : 100), series_late_median(log, "support_upper"));
smoothed = py.div(py.add(py.mul(floor, count), 1), py.add(count, 2));
if (py.truth(py.lt(copied, py.add(py.add(floor, 0.02), py.mul(4, series_error_of_share(smoothed, count)))))) {
return null;
}
return verdicts_Verdict("memorising generator", "fault", py.join("The generator copies training rows: ", py.builtin.str(quantity_share(copied)), " of its samples are copies."), py.join("A sample counts as a copy if one training row is less than a third as far from it as any other. By the same rule ", py.builtin.str(quantity_share(floor)), " of held-out rows are copies. Such samples look good, but they are not new."), py.join("Train on more data, for fewer steps, or with a smaller generator.", py.builtin.str(remedies_best_checkpoint(log, config))), [...py.items(verdicts_OF_SAMPLES), "memorising critic"]);
}
function verdicts_mode_collapse(log, config) {
let evidence, far, tiny;
far = series_difference(log);
tiny = py.lt(series_late_median(log, "support_upper"), py.mul(verdicts_TINY, series_floor_value(log, "support")));
if (py.truth(py.and(() => far, () => py.or(() => !py.truth(far.seen), () => py.and(() => far.falls, () => !py.truth(tiny)))))) {
return null;
}
evidence = verdicts__few_kinds(log);
if (py.truth(!py.truth(evidence))) {
return null;
}
if (py.truth(py.and(() => verdicts_at_floor(log), () => !py.truth(verdicts_lacks_most(log))))) {
return verdicts_Verdict("mode collapse", "note", "The samples are close to the data but show fewer kinds.", py.method(" ", "join", evidence), py.join("Check that the kinds you need are there. A larger ", py.builtin.str(py.setting("latent")), " or ", py.builtin.str(py.setting("width")), " may help."));
}
return verdicts_Verdict("mode collapse", "fault", "The generator has collapsed: its samples show few of the kinds in the data.", py.method(" ", "join", evidence), py.join(py.builtin.str(remedies_to_more_kinds(config)), py.builtin.str(remedies_best_checkpoint(log, config))), [...py.items(verdicts_OF_SAMPLES), "memorising critic"]);
}
function verdicts__few_kinds(log) {
let classes, count, covered, fewer, floor, found, label, made, missed, most, realistic, support;
found = [];
realistic = py.gt(series_late_median(log, "precision"), py.mul(verdicts_REALISTIC, series_floor_value(log, "precision")));
support = series_late_median(log, "support_upper");
fewer = py.lt(support, series_first_value(log, "support_lower"));
if (py.truth(py.and(() => py.lt(support, py.mul(verdicts_FEW, series_floor_value(log, "support"))), () => py.or(() => realistic, () => fewer)))) {
py.method(found, "append", verdicts__support(log));
}
[made, classes] = py.items([series_late_median(log, "kinds_upper"), series_floor_value(log, "kinds")]);
if (py.truth(py.and(() => realistic, () => py.lt(made, py.mul(verdicts_SHOWN, classes))))) {
py.method(found, "append", py.join("Samples are of ", py.builtin.str(verdicts__ends(log, "kinds")), " classes, and held-out rows of ", py.builtin.str(quantity_whole(classes)), "."));
}
missed = series_late_median(log, "missing_mass_lower");
if (py.truth(py.and(() => realistic, () => py.gt(missed, verdicts_MISSED)))) {
py.method(found, "append", py.join("Samples lack the classes of at least ", py.builtin.str(quantity_share(missed)), " of the rows."));
[most, label] = py.items([series_late_median(log, "largest_class_share"), series_last_value(log, "largest_class")]);
if (py.truth(py.and(() => py.math.isfinite(most), () => py.math.isfinite(label)))) {
py.method(found, "append", py.join(py.builtin.str(quantity_share(most)), " of samples are in class ", py.format(label, ".0f"), "."));
}
}
[covered, count] = py.items([series_late_median(log, "coverage"), series_first_value(log, "measured_rows")]);
floor = series_floor_value(log, "coverage");
if (py.truth(py.and(() => realistic, () => py.lt(py.add(covered, py.mul(series_NORMAL, series_error_of_share(covered, count))), py.mul(verdicts_COVERED, floor))))) {
py.method(found, "append", py.join("Samples cover ", py.builtin.str(quantity_share(covered)), " of held-out rows, and training rows cover ", py.builtin.str(quantity_share(floor)), "."));
}
return found;
}
function verdicts_memorising_critic(log, config) {
let error, evidence, gap, late, late_unseen, lost, seen, since, times, unseen;
[seen, unseen] = py.items(py.items(["estimate", "held_out_estimate"]).filter((name) => true).map((name) => series_median_filter(series_column(log, name), 5)));
[gap, error] = py.items([series_late_median(log, "memorised_score"), series_late_median(log, "memorised_score_error")]);
[late, late_unseen] = py.items([series_late_median(log, "estimate"), series_late_median(log, "held_out_estimate")]);
if (py.truth(!py.truth(py.and(() => py.gt(gap, py.mul(3, error)), () => py.gt(late, 0))))) {
return null;
}
lost = py.div(py.sub(late, late_unseen), late);
if (py.truth(!py.truth(py.ge(lost, 0.25)))) {
return null;
}
times = (py.truth(py.gt(error, 0)) ? py.join(py.format(py.div(gap, error), ".0f"), " standard errors") : "more than three standard errors");
evidence = py.join("The critic's estimate is ", py.builtin.str(quantity_number(late)), " on training rows and ", py.builtin.str(quantity_number(late_unseen)), " on held-out rows. Its mean scores of the two differ by ", py.builtin.str(times), ".");
if (py.truth(verdicts_at_floor(log))) {
return verdicts_Verdict("memorising critic", "note", "The critic memorises its training rows, but no harm to the samples is seen.", evidence, "Nothing to do. Judge the run by the distances to held-out rows, not by the estimate or the losses.");
}
if (py.truth(py.lt(lost, 0.5))) {
return verdicts_Verdict("memorising critic", "note", py.join("The critic memorises: its estimate is ", py.builtin.str(quantity_share(lost)), " lower on held-out rows."), evidence, py.join("Read the estimate on held-out rows. More data would help.", py.builtin.str(remedies_best_checkpoint(log, config))));
}
since = series_step_since(log, py.and_(py.gt(py.get(log, "step"), 0), py.not_(py.le(py.sub(seen, unseen), py.mul(0.25, seen)))));
return verdicts_Verdict("memorising critic", "fault", py.join("The critic has memorised its training rows since step ", py.format(since, ","), "."), py.join(py.builtin.str(evidence), " The generator then learns what sets single rows apart."), py.join("Train on more data.", py.builtin.str(py.or(() => remedies_best_checkpoint(log, config), () => " Or stop at that step."))), ["loss and distance"]);
}
function verdicts_difference_from_the_data(log, config) {
let apart, ended, evidence, far, fewer, found, more, name, remedy, sentence, worse;
[name, far] = py.items(["difference from the data", series_difference(log)]);
if (py.truth(py.is(far, null))) {
evidence = "The run has no late measurement against rows that were held out of training.";
return verdicts_Verdict(name, "note", "Nothing says how good the samples are.", evidence, remedies_to_hold_out(config));
}
worse = verdicts__respects(log);
apart = py.method("", "join", py.items(worse).filter((sentence) => true).map((sentence) => py.join(" ", py.builtin.str(sentence))));
fewer = (py.truth(py.builtin.any(py.items(worse).filter((sentence) => true).map((sentence) => !py.truth(py.method(sentence, "startswith", quantities_title("precision")))))) ? ["mode collapse"] : []);
ended = far_at_the_end(log, far, verdicts_FAR);
if (py.truth(py.or(() => py.gt(far.lower, verdicts_FAR), () => ended))) {
[sentence, more, remedy] = py.items(far_in_words(log, config, far, ended));
return verdicts_Verdict(name, "fault", sentence, py.add(py.add(verdicts__how_far(log), more), apart), remedy, ["still improving"]);
}
if (py.truth(far.seen)) {
sentence = "The samples can be told from held-out rows.";
if (py.truth(py.lt(series_late_median(log, "precision"), py.mul(0.1, series_floor_value(log, "precision"))))) {
sentence = "Hardly any sample is near a held-out row.";
}
remedy = (py.truth(far.falls) ? remedies_more_steps() : py.join("More steps, a larger ", py.builtin.str(py.setting("width")), " or more data may help."));
return verdicts_Verdict(name, "note", sentence, py.add(verdicts__how_far(log), apart), remedy, fewer);
}
if (py.truth((found = NOTHING.elsewhere(log, config)))) {
return verdicts_Verdict(name, "note", py.get(found, 0), py.add(verdicts__how_far(log), apart), py.get(found, 1), fewer);
}
if (py.truth(py.or(() => py.gt(far.upper, verdicts_MARGIN), () => apart))) {
sentence = "No difference from the data is proven, but there may be one.";
remedy = (py.truth(apart) ? "Look at the samples." : remedies_to_sharper_tests());
return verdicts_Verdict(name, "note", sentence, py.add(verdicts__how_far(log), apart), remedy, fewer);
}
return verdicts_Verdict(name, "good", "The samples cannot be told from held-out rows.", verdicts__how_far(log));
}
function verdicts_structure_of_samples(log, config) {
let found, remedy;
found = NOTHING.structure.in_words(log);
remedy = py.join("More steps, a larger ", py.builtin.str(py.setting("n_critic")), " or another ", py.builtin.str(py.setting("network")), " may help.");
return (py.truth(found) ? verdicts_Verdict("structure", "note", ...py.items(found), remedy) : null);
}
function verdicts_levels_of_samples(log, config) {
let found;
found = NOTHING.levels.in_words(log);
return (py.truth(found) ? verdicts_Verdict("levels", "note", ...py.items(found)) : null);
}
function verdicts_ignored_condition(log, config) {
let found, other;
if (py.truth(!py.truth((found = NOTHING.ignored(log, config))))) {
return null;
}
other = (py.truth(py.eq(py.method(config, "get", "conditional"), "concatenation")) ? "projection" : "concatenation");
return verdicts_Verdict("ignored condition", "fault", ...py.items(found), py.join(py.builtin.str(remedies_more_steps()), " Or try ", py.builtin.str(py.setting("conditional", other)), "."));
}
function verdicts__respects(log) {
let count, floor, found, name, part, text, words;
[found, count] = py.items([[], series_first_value(log, "measured_rows")]);
words = { ["precision"]: "of samples are near held-out rows", ["coverage"]: "of held-out rows have a sample near" };
for (const $item of py.items(py.method(words, "items"))) {
[name, text] = py.items($item);
[part, floor] = py.items([series_late_median(log, name), series_floor_value(log, name)]);
if (py.truth(py.lt(part, py.sub(floor, py.mul(3, py.math.hypot(series_error_of_share(part, count), series_error_of_share(floor, count))))))) {
py.method(found, "append", py.join(py.builtin.str(quantities_title(name)), ": ", py.builtin.str(quantity_share(part)), " ", py.builtin.str(text), "; with training rows in their place, ", py.builtin.str(quantity_share(floor)), "."));
}
}
if (py.truth(py.lt(series_late_median(log, "support_upper"), py.mul(verdicts_SHOWN, series_floor_value(log, "support"))))) {
py.method(found, "append", verdicts__support(log));
}
return found;
}
function verdicts__support(log) {
let floor;
floor = quantity_whole(series_floor_value(log, "support"));
return py.join("Effective support: the samples are of about ", py.builtin.str(verdicts__ends(log, "support")), " kinds, and held-out rows of ", py.builtin.str(floor), ".");
}
function verdicts__ends(log, name) {
let lower, upper;
[lower, upper] = py.items([series_late_median(log, py.join(py.builtin.str(name), "_lower")), series_late_median(log, py.join(py.builtin.str(name), "_upper"))]);
return (py.truth(py.math.isfinite(lower)) ? py.join(py.builtin.str(quantity_whole(lower)), " to ", py.builtin.str(quantity_whole(upper))) : py.join("up to ", py.builtin.str(quantity_whole(upper))));
}
function verdicts_loss_and_distance(log, config) {
let both, count, distance, estimate, evidence, floor, high, late, levels, low, name, rank, rows, which;
name = (py.truth(series_is_logged(log, "held_out_estimate")) ? "held_out_estimate" : "estimate");
[estimate, distance] = py.items([series_column(log, name), series_column(log, "generator_w1")]);
both = py.and_(py.and_(py.np.isfinite(estimate), py.np.isfinite(distance)), py.gt(py.get(log, "step"), 0));
if (py.truth(py.le(py.method(both, "sum"), series_FEWEST))) {
return null;
}
[floor, late] = py.items([series_floor_value(log, "generator_w1"), series_late_median(log, "generator_w1")]);
[rank, low, high, count] = py.items(series_common_changes(py.get(estimate, both), py.get(distance, both)));
levels = py.get(series_rank_correlation(py.get(estimate, both), py.get(distance, both)), 0);
rows = (py.truth(py.eq(name, "held_out_estimate")) ? "held-out" : "training");
which = (py.truth(py.method(config, "get", "average")) ? " of the generator without averaging" : "");
evidence = py.join("The changes of the estimate on ", py.builtin.str(rows), " rows and of W1", py.builtin.str(which), " have a rank correlation of ", py.format(rank, ".2f"), ", with a 95 % interval of ", py.format(low, ".2f"), " to ", py.format(high, ".2f"), ", over ", py.builtin.str(count), " changes. That of their values is ", py.format(levels, ".2f"), ".");
if (py.truth(py.and(() => py.gt(low, 0), () => py.gt(levels, 0.5)))) {
return verdicts_Verdict("loss and distance", "good", "The critic's estimate tracks the distance.", evidence);
}
if (py.truth(py.lt(late, py.mul(verdicts_NEAR_FLOOR, floor)))) {
return verdicts_Verdict("loss and distance", "note", "The estimate has nothing left to track: the distance is near its floor.", py.join("W1", py.builtin.str(which), " is ", py.builtin.str(quantity_number(late)), " late in the run, and ", py.builtin.str(quantity_number(floor)), " between real rows. ", py.builtin.str(evidence)));
}
if (py.truth(py.and(() => py.lt(high, 0.5), () => py.lt(levels, 0.5)))) {
return verdicts_Verdict("loss and distance", "note", "The critic's estimate does not track the distance.", evidence, "Judge this run by its distances and its samples, not by its loss.");
}
return verdicts_Verdict("loss and distance", "note", "The records do not show whether the critic's estimate tracks the distance.", evidence, py.join("A longer run, or a smaller ", py.builtin.str(py.setting("diagnose_every")), ", gives more records."));
}
const verdicts_NEAR_FLOOR = 1.1;
function verdicts_still_improving(log, config) {
let far;
far = series_difference(log);
if (py.truth(!py.truth(py.and(() => far, () => far.falls)))) {
return null;
}
return verdicts_Verdict("still improving", "note", "The samples were still getting better at the last step.", py.join("In the last quarter of the run the energy distance fell to ", py.builtin.str(quantity_number(far.value)), "."), remedies_more_steps());
}
function verdicts_at_floor(log) {
let far;
far = series_difference(log);
return py.and(() => !py.is(far, null), () => py.or(() => !py.truth(far.seen), () => py.le(far.lower, verdicts_MARGIN)));
}
function verdicts_lacks_most(log) {
let few, hardly;
few = py.lt(series_late_median(log, "support_upper"), py.mul(verdicts_FEW, series_floor_value(log, "support")));
hardly = py.lt(series_late_median(log, "kinds_upper"), py.mul(verdicts_HARDLY, series_floor_value(log, "kinds")));
return py.or(() => few, () => hardly, () => py.gt(series_late_median(log, "missing_mass_lower"), verdicts_SHOWN));
}
function verdicts__is_stuck(log) {
let far;
far = series_difference(log);
if (py.truth(far)) {
return py.and(() => py.gt(far.lower, verdicts_FAR), () => !py.truth(far.falls));
}
return py.gt(series_late_median(log, "w1"), py.mul(0.9, series_first_value(log, "w1")));
}
function verdicts__how_far(log) {
let beside, far, first, floor, late;
far = series_difference(log);
if (py.truth(py.is(far, null))) {
[late, first] = py.items([series_late_median(log, "w1"), series_first_value(log, "w1")]);
return py.join("The distance of samples to held-out rows is ", py.builtin.str(quantity_number(late)), ", and was ", py.builtin.str(quantity_number(first)), " at the start.");
}
[late, floor] = py.items([series_late_median(log, "w1"), series_floor_value(log, "w1")]);
beside = "";
if (py.truth(py.math.isfinite(py.add(late, floor)))) {
beside = py.join(" The Wasserstein-1 distance (W1) is ", py.builtin.str(quantity_number(late)), ", and ", py.builtin.str(quantity_number(floor)), " between real rows.");
}
return py.join("The energy distance from samples to held-out rows is ", py.builtin.str(quantity_number(far.value)), ", with a 95 % interval of ", py.builtin.str(quantity_number(far.lower)), " to ", py.builtin.str(quantity_number(far.upper)), ". It is 0 for equal distributions. Between real rows it reaches ", py.builtin.str(quantity_number(far.chance)), " by chance, and the untrained generator had ", py.builtin.str(quantity_number(far.start)), ".", py.builtin.str(beside));
}
function verdicts__or_zero(value) {
return (py.truth(py.math.isfinite(value)) ? value : 0.0);
}
const verdicts_VERDICTS = { ["exploding critic"]: verdicts_exploding_critic, ["vanishing gradient"]: verdicts_vanishing_gradient, ["dead generator"]: verdicts_dead_generator, ["memorising generator"]: verdicts_memorising_generator, ["mode collapse"]: verdicts_mode_collapse, ["memorising critic"]: verdicts_memorising_critic, ["difference from the data"]: verdicts_difference_from_the_data, ["ignored condition"]: verdicts_ignored_condition, ["structure"]: verdicts_structure_of_samples, ["levels"]: verdicts_levels_of_samples, ["loss and distance"]: verdicts_loss_and_distance, ["still improving"]: verdicts_still_improving };
const verdicts_ALL = py.builtin.tuple(verdicts_VERDICTS);
const verdicts_OF_SAMPLES = ["mode collapse", "difference from the data", "ignored condition", "structure", "levels", "loss and distance", "still improving"];

export const verdicts = verdicts_verdicts;
