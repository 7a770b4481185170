// Package house holds the building to its plan: which folder may import which.
// It has a test and no code.
package house
