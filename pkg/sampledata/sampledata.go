// Package sampledata is real reference data, for tests and for the demo. Its
// source and licence are in README.md. No service links it.
package sampledata

import _ "embed"

// Courses is a CSV file of standard courses with dated prices, as published.
//
//go:embed courses.csv
var Courses []byte
