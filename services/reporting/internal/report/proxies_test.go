package report_test

import (
	"strings"
	"testing"

	"github.com/instead-support/instead/services/reporting/internal/report"
)

const heading = "name,unit,pence,year,source,attribution_percent,deadweight_percent,valid_from\n"

func TestAProxyWithoutItsSourceIsRefusedWithTheWholeFile(t *testing.T) {
	t.Parallel()
	good := `Somebody works,start,100,2025,"A report, p. 3",50,20,2026-04-01` + "\n"
	all, err := report.ReadProxies(strings.NewReader(heading + good))
	if err != nil || len(all) != 1 || all[0].Pence != 100 || all[0].Source != "A report, p. 3" || all[0].ValidFrom.Day() != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	for name, row := range map[string]string{
		"no source":           `Somebody works,start,100,2025," ",50,20,2026-04-01`,
		"no name":             `,start,100,2025,A report,50,20,2026-04-01`,
		"no such unit":        `Somebody works,smile,100,2025,A report,50,20,2026-04-01`,
		"more than all of it": `Somebody works,start,100,2025,A report,101,20,2026-04-01`,
		"no such day":         `Somebody works,start,100,2025,A report,50,20,1 April`,
		"worth nothing":       `Somebody works,start,0,2025,A report,50,20,2026-04-01`,
	} {
		if all, err := report.ReadProxies(strings.NewReader(heading + good + row)); err == nil || len(all) > 0 || !strings.Contains(err.Error(), "row 3") {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
}
