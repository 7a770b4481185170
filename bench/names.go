package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// realList is the list whose words the benchmark's courses are made of.
var realList = filepath.FromSlash("pkg/sampledata/courses.csv")

// real is a course of that list.
type real struct{ name, level, subject string }

type words []real

func vocabulary() (words, error) {
	f, err := os.Open(realList)
	if err != nil {
		return nil, fmt.Errorf("run it from the project's folder: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	var out words
	seen := map[string]bool{}
	for _, r := range rows[1:] {
		if name := r[2]; name != "" && !seen[name] {
			seen[name] = true
			out = append(out, real{name, r[3], r[4]})
		}
	}
	return out, nil
}

var (
	kinds = []string{
		"", "", "Award in ", "Certificate in ", "Diploma in ", "Introduction to ", "Advanced ", "Foundation ", "Essentials of ", "Working in ",
		"Preparing for ", "Technical Certificate in ",
	}
	colleges = []string{
		"Oldham College", "Rochdale Training", "Hopwood Hall College", "Tameside College", "Bury College", "Salford City College",
		"The Manchester College", "Wigan and Leigh College", "Bolton College", "Stockport Academy", "Pennine Skills", "Northern Care Alliance",
	}
	towns = []string{"Oldham", "Rochdale", "Middleton", "Ashton-under-Lyne", "Bury", "Salford", "Manchester", "Wigan", "Bolton", "Stockport", "Online"}
)

// list is a course list of n courses, or of every so manyth of them. It is the
// same each time.
func (w words) list(n, every int) string {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	var b strings.Builder
	out := csv.NewWriter(&b)
	_ = out.Write([]string{"Code", "Name", "Level", "Subject", "Provider", "Place", "Price"}) // a Builder takes everything
	for i := range n {
		r := w[random.IntN(len(w))]
		name := pick(kinds) + r.name
		if random.IntN(3) == 0 {
			_, last, _ := strings.Cut(w[random.IntN(len(w))].name, " - ")
			name += " with " + last
		}
		price := 100 * (5 + random.IntN(60))
		row := []string{fmt.Sprintf("C%06d", i), name, r.level, r.subject, pick(colleges), pick(towns), fmt.Sprint(price)}
		if i%every == 0 {
			_ = out.Write(row)
		}
	}
	out.Flush()
	return b.String()
}
