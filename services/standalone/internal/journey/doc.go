// Package journey tries the whole system as people use it: in a browser, over
// its APIs as every role, and by its traces. It has tests and no code.
package journey
