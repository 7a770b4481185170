package reporting_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	api "github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/embedpg"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/host/hosttest"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/reporting"
	"github.com/instead-support/instead/services/reporting/internal/postgres"
	"github.com/instead-support/instead/services/reporting/internal/postgres/reportingtest"
	"github.com/instead-support/instead/services/reporting/internal/report"
)

// The people of these tests. Mo manages Oldham, Fin pays there and Nadia audits it;
// Nia manages Wigan, where nothing ever happened. Rob manages Rochdale.
var (
	asha  = hosttest.Staff("asha", "Asha Begum", identity.Coach, "Oldham")
	mo    = hosttest.Staff("mo", "Mo Hussain", identity.Manager, "Oldham")
	fin   = hosttest.Staff("fin", "Fin Doyle", identity.Finance, "Oldham")
	nadia = hosttest.Staff("nadia", "Nadia Rahman", identity.Auditor, "Oldham")
	nia   = hosttest.Staff("nia", "Nia Rees", identity.Manager, "Wigan")
	rob   = hosttest.Staff("rob", "Rob Lees", identity.Manager, "Rochdale")
	dan   = hosttest.Public("dan", "what the provider calls Dan")
)

// system is the whole service, as it runs, over a database of its own.
type system struct {
	*hosttest.System
	URLs embedpg.Access // the ways into its database
}

func start(t *testing.T) system {
	t.Helper()
	urls := dbtest.URLs(t, postgres.Migrations, "reporting")
	return system{hosttest.Start(t, hosttest.Service{Name: "reporting", New: reporting.New, Migrations: postgres.Migrations, Database: urls}), urls}
}

func (s system) client() *api.ClientWithResponses {
	s.T.Helper()
	c, err := api.NewClientWithResponses(s.URL(), api.WithHTTPClient(s.Client()))
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

// history is what happened in Oldham and two other places from January 2024 on.
func history() *reportingtest.World {
	w := reportingtest.New(4, time.Date(2024, 1, 3, 9, 0, 0, 0, time.UTC), 18)
	for range 60 {
		w.Live()
	}
	return w
}

// agrees wants every total to be what the world's ledger comes to.
func (s system) agrees(w *reportingtest.World) {
	s.T.Helper()
	reportingtest.Agree(s.T, s.Owner, w)
}

// tell tells all of it over the broker, and returns once it was taken.
func (s system) tell(w *reportingtest.World) {
	s.T.Helper()
	s.publish(w.Told)
	s.Eventually(func() bool {
		behind, err := events.Lag(s.T.Context(), s.NATS.JetStream, "reporting")
		return err == nil && behind.Pending == 0
	})
}

func (s system) publish(all []events.Envelope) {
	s.T.Helper()
	// The stream is made by whoever comes first: here, the service that listens.
	s.Eventually(func() bool {
		_, err := s.NATS.JetStream.Stream(context.Background(), "EVENTS")
		return err == nil
	})
	for _, e := range all {
		data, err := json.Marshal(e)
		if err != nil {
			s.T.Fatal(err)
		}
		if _, err := s.NATS.JetStream.PublishAsync("events."+e.Name, data, jetstream.WithMsgID(e.ID.String())); err != nil {
			s.T.Fatal(err)
		}
	}
	<-s.NATS.JetStream.PublishAsyncComplete()
}

func (s system) export(p *hosttest.Person) uuid.UUID {
	s.T.Helper()
	status, answer := s.Send(p, "POST", "/exports", `{"of":"requests","from":"2024-01","to":"2026-11","measure":"spent"}`)
	var e api.Export
	if err := json.Unmarshal([]byte(answer), &e); err != nil || status != http.StatusCreated {
		s.T.Fatalf("an export: %d %s", status, answer)
	}
	return e.Id
}

var (
	first, last = "2024-01", "2026-11"
	measures    = []api.Measure{
		api.MeasureRequests, api.MeasureAsked, api.MeasureApproved, api.MeasureGivenBack, api.MeasureCommitted, api.MeasurePaid, api.MeasureRecovered,
		api.MeasureSpent, api.MeasureReleased, api.MeasureSupplier, api.MeasureLocal, api.MeasureDecided, api.MeasureLate,
	}
)

func of(m api.Measures, measure api.Measure) int64 {
	return map[api.Measure]int64{
		api.MeasureRequests: m.Requests, api.MeasureAsked: m.AskedPence, api.MeasureApproved: m.ApprovedPence, api.MeasureGivenBack: m.GivenBackPence,
		api.MeasureCommitted: m.CommittedPence, api.MeasurePaid: m.PaidPence, api.MeasureRecovered: m.RecoveredPence, api.MeasureSpent: m.SpentPence,
		api.MeasureReleased: m.ReleasedPence, api.MeasureSupplier: m.SupplierPence, api.MeasureLocal: m.LocalPence, api.MeasureDecided: m.Decided, api.MeasureLate: m.Late,
	}[measure]
}

// Each row of each breakdown, by each measure, is what the requests behind it add up
// to; and each breakdown of money comes to the same sum.
func TestTheRequestsBehindAFigureAddUpToIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := history()
	s.tell(w)
	var want report.Sums
	for k, sums := range w.Totals() {
		if k.Cut == "all" && k.Area == "Oldham" {
			want.PaidPence += sums.PaidPence
			want.RecoveredPence += sums.RecoveredPence
		}
	}
	c, figures := s.client(), 0
	for _, by := range []api.By{api.ByMonth, api.ByArea, api.ByFund, api.ByCategory, api.ByNeed, api.ByCoach, api.BySupplier, api.ByCourse} {
		found, err := c.ListTotalsWithResponse(s.As(mo), &api.ListTotalsParams{By: by, From: &first, To: &last, Size: new(200)})
		if err != nil {
			t.Fatal(err)
		}
		if got := found.JSON200.Sum.SpentPence; got != want.Spent() || got == 0 {
			t.Errorf("by %s the sum spent is %d, the ledger says %d", by, got, want.Spent())
		}
		var spent int64
		for _, row := range found.JSON200.Items {
			if row.Measures == nil {
				continue
			}
			spent += row.Measures.SpentPence
			for _, m := range measures {
				if of(*row.Measures, m) == 0 {
					continue
				}
				figures++
				if got := s.behind(by, row.Key, m); got != of(*row.Measures, m) {
					t.Errorf("%s of %s %q is %d, the requests behind it come to %d", m, by, row.Key, of(*row.Measures, m), got)
				}
			}
		}
		if spent != want.Spent() {
			t.Errorf("by %s the rows come to %d spent of %d", by, spent, want.Spent())
		}
	}
	if figures < 200 {
		t.Errorf("only %d figures were looked behind", figures)
	}
}

// behind is what the requests behind a figure add up to, page by page.
func (s system) behind(by api.By, key string, m api.Measure) (sum int64) {
	s.T.Helper()
	var after *string
	for {
		page, err := s.client().ListRequestsWithResponse(s.As(mo), &api.ListRequestsParams{By: &by, Key: &key, Measure: m, From: &first, To: &last, Size: new(20), After: after})
		if err != nil {
			s.T.Fatal(err)
		}
		for i, r := range page.JSON200.Items {
			sum += r.Share
			if i > 0 && r.RequestId.String() >= page.JSON200.Items[i-1].RequestId.String() {
				s.T.Errorf("%s of %s %q: not the newest first", m, by, key)
			}
		}
		if page.JSON200.Next == "" {
			if page.JSON200.Sum != sum {
				s.T.Errorf("%s of %s %q says it is %d, and its pages come to %d", m, by, key, page.JSON200.Sum, sum)
			}
			return sum
		}
		after = &page.JSON200.Next
	}
}

func TestAnExportHasEveryRowOfItsFigureAndIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.tell(history())
	s.Key = "once"
	id := s.export(&mo)
	if again := s.export(&mo); again != id {
		t.Errorf("the same message twice made %s and %s", id, again)
	}
	s.Key = ""
	status, body := s.Send(&mo, "GET", "/exports/"+id.String()+"/rows", "")
	if status != http.StatusOK {
		t.Fatalf("its rows: %d %s", status, body)
	}
	var share, spent, rows int64
	at := strings.LastIndexByte(strings.TrimSuffix(body, "\n"), '\n') + 1
	for lines := bufio.NewScanner(strings.NewReader(body[:at])); lines.Scan(); rows++ {
		var r api.ExportedRequest
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		share, spent = share+r.Share, spent+r.Measures.SpentPence
	}
	if want := fmt.Sprintf(`{"rows_sent":%d}`+"\n", rows); body[at:] != want {
		t.Errorf("it ends with %q, want %q", body[at:], want)
	}
	o, err := s.client().ReadOverviewWithResponse(s.As(mo), &api.ReadOverviewParams{From: &first, To: &last})
	if err != nil {
		t.Fatal(err)
	}
	if want := o.JSON200.Measures.SpentPence; share != want || spent != want || rows == 0 {
		t.Errorf("%d rows come to %d and %d of %d", rows, share, spent, want)
	}
	var noted struct{ Rows, Entries int64 }
	if err := s.Owner.Gorm.Raw("SELECT (SELECT rows FROM export WHERE id = ?) AS rows, (SELECT count(*) FROM audit_entry WHERE action = 'createExport' AND subject_id = ? AND person = ?) AS entries", id, id, mo.ID()).Scan(&noted).Error; err != nil || noted.Rows != rows || noted.Entries != 1 {
		t.Errorf("it was logged as %+v, %v", noted, err)
	}
	if status, _ := s.Send(&fin, "GET", "/exports/"+id.String()+"/rows", ""); status != http.StatusNotFound {
		t.Errorf("somebody else reads it: %d", status)
	}
}

func TestNothingKnownIsNotZero(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.tell(history())
	found, err := s.client().ListTotalsWithResponse(s.As(mo), &api.ListTotalsParams{By: api.ByMonth, From: new("2023-10"), To: new("2027-01"), Size: new(100)})
	if err != nil {
		t.Fatal(err)
	}
	now := report.MonthOf(time.Now()).String()
	for _, row := range found.JSON200.Items {
		if known := row.Key >= "2024-03" && row.Key <= now; known && row.Measures == nil {
			t.Errorf("nothing is said of %s", row.Key)
		}
		if (row.Key < "2024-01" || row.Key > now) && row.Measures != nil {
			t.Errorf("something is said of %s: %+v", row.Key, *row.Measures)
		}
	}
	o, err := s.client().ReadOverviewWithResponse(s.As(mo), &api.ReadOverviewParams{From: new("2022-01"), To: new("2022-06")})
	if err != nil || o.JSON200.Measures != nil || o.JSON200.Budget != nil || o.JSON200.Freshness.AsAt == nil {
		t.Errorf("of before anything was known: %+v, %v", o.JSON200, err)
	}
}

// What is told of an area that is not theirs is of groups of five and more.
func TestWhatLeavesAnAreaNamesNoSmallGroup(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := history()
	s.tell(w)
	sizes := map[string]int64{}
	for k, sums := range w.Totals() {
		if k.Cut == "all" && k.Month >= "2024-04" && k.Month <= "2024-07" {
			sizes[k.Area] += sums.Approved + sums.Declined
		}
	}
	e, err := s.client().ListEquityWithResponse(s.As(rob), &api.ListEquityParams{By: api.ByArea, Elsewhere: new(true), From: new("2024-04"), To: new("2024-07")})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.JSON200.Items) < 2 {
		t.Fatalf("areas to compare: %+v of %v", e.JSON200.Items, sizes)
	}
	for _, g := range e.JSON200.Items {
		if g.Elsewhere != (g.Key != "Rochdale") || sizes[g.Key] < report.Least && !g.Suppressed || g.Suppressed && g.Decided != nil {
			t.Errorf("%+v of %d", g, sizes[g.Key])
		}
	}
}

func TestAPeriodThatIsNoneIsRefusedInPlainWords(t *testing.T) {
	t.Parallel()
	s := start(t)
	for query, want := range map[string]string{
		"from=2026-05&to=2026-04": "before the first",
		"from=2001-01&to=2026-04": "ten years",
	} {
		if status, answer := s.Send(&mo, "GET", "/overview?"+query, ""); status != http.StatusBadRequest || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s", query, status, answer)
		}
	}
	if status, answer := s.Send(&mo, "GET", "/totals?by=kind", ""); status != http.StatusBadRequest || !strings.Contains(answer, "/by") {
		t.Errorf("a breakdown that there is not: %d %s", status, answer)
	}
}

func TestARowOfNobodyIsRefusedWhereThereCanBeNone(t *testing.T) {
	t.Parallel()
	s := start(t)
	for by, want := range map[string]int{"coach": http.StatusBadRequest, "fund": http.StatusBadRequest, "course": http.StatusOK, "supplier": http.StatusOK} {
		status, answer := s.Send(&mo, "GET", "/requests?measure=paid&key=&by="+by, "")
		if status != want || status == http.StatusBadRequest && !strings.Contains(answer, "/key") {
			t.Errorf("by %s: %d %s", by, status, answer)
		}
	}
}
