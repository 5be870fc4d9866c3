import { earth } from "../rooms/earth.js";
import { faults } from "../rooms/faults.js";
import { lines } from "../rooms/lines.js";
import { perfectCritic } from "../rooms/perfect_critic.js";
import { train } from "../rooms/train.js";
import { begin } from "./shell.js";

begin([earth, lines, perfectCritic, train, faults]);
