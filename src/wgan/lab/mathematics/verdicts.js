// The product's verdicts on a log, by the rules that it has in Python.

import { Column } from "./python.js";
import { verdicts as rules } from "./verdicts.generated.js";

// A log has columns by name, arrays of as many entries; a missing entry is NaN or null. `config` has the fields of the run.
export function verdicts(log, config = {}) {
  const columns = Object.entries(log).map(([name, values]) => {
    const texts = Array.prototype.some.call(values, (one) => typeof one === "string");
    const entries = Array.from(values, (one) => (one === null || one === undefined ? (texts ? null : NaN) : one));
    return [name, new Column(entries, texts ? "object" : "float")];
  });
  return rules(Object.fromEntries(columns), config);
}
