package journey_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/services/standalone/internal/demo"
)

// traceOf waits for the trace that has a span of this name, and all of wants.
func (c *collector) traceOf(t *testing.T, name string, wants ...string) {
	t.Helper()
	var best []string
	for range 100 {
		byTrace := map[string][]string{}
		for _, s := range c.all() {
			byTrace[s.trace] = append(byTrace[s.trace], s.name)
		}
		for _, names := range byTrace {
			if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, name) }) {
				continue
			}
			missing := slices.ContainsFunc(wants, func(want string) bool {
				return !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, want) })
			})
			if !missing {
				return
			}
			if len(names) > len(best) {
				best = names
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	names := map[string]int{}
	for _, s := range c.all() {
		names[s.name]++
	}
	t.Logf("%v", names)
	t.Errorf("no trace with %q has all of %q; the fullest has %q", name, wants, best)
}

// secrets are what the demo's jobseekers told us, none of which may be in a
// span or in the log.
func secrets(t *testing.T) []string {
	t.Helper()
	n, _ := theWhole.clients(t)
	var all []string
	for _, who := range []string{"priya-shah", "tom-whitworth", "ayesha-malik", "dan-kershaw"} {
		ctx := theWhole.as(t, who)
		list, err := n.ListJobseekersWithResponse(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range list.JSON200.Items {
			all = append(all, told(t, n, who, j)...)
		}
	}
	for _, p := range demo.Jobseekers {
		all = append(all, p.Name)
	}
	if len(all) < 60 {
		t.Fatalf("only %d secrets: is the test looking in the right place?", len(all))
	}
	return all
}

func told(t *testing.T, n *needs.ClientWithResponses, who string, j needs.JobseekerSummary) []string {
	t.Helper()
	ctx := theWhole.as(t, who)
	full, err := n.ReadJobseekerWithResponse(ctx, j.Id)
	if err != nil {
		t.Fatal(err)
	}
	said, err := n.ListStatementsWithResponse(ctx, j.Id)
	if err != nil {
		t.Fatal(err)
	}
	needed, err := n.ListNeedsWithResponse(ctx, j.Id)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{full.JSON200.Name, full.JSON200.Email, full.JSON200.Phone, full.JSON200.Postcode}
	for _, s := range said.JSON200.Items {
		all = append(all, s.Words[:min(len(s.Words), 40)])
	}
	for _, need := range needed.JSON200.Items {
		all = append(all, need.InTheWay, need.WouldRemove)
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func TestNobodysDataIsInASpanOrInTheLog(t *testing.T) {
	all := secrets(t)
	spans, log := theWhole.collector.all(), theWhole.log.String()
	for _, secret := range all {
		if strings.Contains(log, secret) {
			t.Errorf("the log says %q", secret)
		}
		for _, s := range spans {
			for key, value := range s.attributes {
				if strings.Contains(value, secret) || strings.Contains(s.name, secret) {
					t.Errorf("the span %s says %q in %s", s.name, secret, key)
				}
			}
		}
	}
}

func TestOneTraceLeadsFromFundingThroughNeedsIntoSQL(t *testing.T) {
	// The demo's people were told through the same APIs: submitting asks needs.
	theWhole.collector.traceOf(t, "POST /requests/:id/submission", "GET /jobseekers/:id/needs", "SELECT", "publish funding.request-changed", "consume funding.request-changed")
}
