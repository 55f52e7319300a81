// The demo page: every phone of the demonstration.
import { phoneWall } from "./phones.js";
import { current, speak } from "./words.js";

speak(current());
phoneWall(document.getElementById("phones"));
