package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// columns are those of a file of proxies, in this order.
var columns = []string{"name", "unit", "pence", "year", "source", "attribution_percent", "deadweight_percent", "valid_from"}

// ReadProxies reads a file of proxies, CSV with those columns and a heading. None is
// taken unless every row can be, and none that does not say where it is from.
func ReadProxies(file io.Reader) ([]Proxy, error) {
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || strings.TrimPrefix(strings.Join(rows[0], ","), "\ufeff") != strings.Join(columns, ",") {
		return nil, fmt.Errorf("the first row must be %s", strings.Join(columns, ","))
	}
	var all []Proxy
	for i, row := range rows[1:] {
		p, err := readProxy(row)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+2, err)
		}
		all = append(all, p)
	}
	return all, nil
}

func readProxy(row []string) (p Proxy, err error) {
	p.Name, p.Unit, p.Source = strings.TrimSpace(row[0]), Unit(row[1]), strings.TrimSpace(row[4])
	number := func(column, least, most int) (n int64) {
		if err == nil {
			if n, err = strconv.ParseInt(row[column], 10, 64); err != nil || n < int64(least) || n > int64(most) {
				err = fmt.Errorf("%s must be a whole number from %d to %d", columns[column], least, most)
			}
		}
		return n
	}
	p.Pence, p.Year = number(2, 1, 1_000_000_000), int(number(3, 2000, 2999))
	p.AttributionPercent, p.DeadweightPercent = number(5, 0, 100), number(6, 0, 100)
	if err != nil {
		return p, err
	}
	if p.ValidFrom, err = time.Parse(time.DateOnly, row[7]); err != nil {
		return p, fmt.Errorf("valid_from must be a day such as 2026-04-01")
	}
	switch {
	case p.Name == "":
		return p, fmt.Errorf("a proxy needs a name")
	case p.Unit != Start && p.Unit != Sustained:
		return p, fmt.Errorf("unit must be %s or %s", Start, Sustained)
	case p.Source == "":
		return p, fmt.Errorf("%s needs its source, so that anybody can look it up", p.Name)
	}
	return p, nil
}
