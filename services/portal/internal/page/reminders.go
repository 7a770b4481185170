package page

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Reminders is what waits for somebody for longer than it should: all of it on
// its own page, and the oldest few wherever their day begins.
type Reminders struct{ Deps }

// Register implements web.Page.
func (p Reminders) Register(g *web.Group) {
	g.Get("/reminders", p.list, identity.Coach, identity.Manager, identity.Finance)
}

const remindersAPage = 25

// reminded is a page of reminders, with the names of whom they are about.
type reminded struct {
	*funding.ListReminders200JSONResponse
	names   map[uuid.UUID]string
	manages bool // whether whoever reads it opens requests to decide them
	now     time.Time
}

// reminders are those on one page of this size.
func (d Deps) reminders(ctx context.Context, page, size int) (reminded, error) {
	me, err := identity.From(ctx)
	if err != nil {
		return reminded{}, err
	}
	resp, err := d.Funding.ListRemindersWithResponse(ctx, &funding.ListRemindersParams{Page: &page, Size: &size})
	if err != nil {
		return reminded{}, err
	}
	w := reminded{(*funding.ListReminders200JSONResponse)(resp.JSON200), map[uuid.UUID]string{}, me.Is(identity.Manager), d.Now()}
	var about []funding.RequestSummary
	for _, one := range w.Items {
		if named(one.Kind) {
			about = append(about, funding.RequestSummary{JobseekerId: one.JobseekerId})
		}
	}
	w.names, err = d.names(ctx, about)
	return w, err
}

// named reports whether whoever is reminded knows the jobseeker by name. Finance
// does not.
func named(k funding.ReminderKind) bool {
	return k != funding.PaymentUnsent && k != funding.ResultAwaited
}

func (p Reminders) list(r *http.Request) (web.Answer, error) {
	found, err := p.reminders(r.Context(), pageOf(r), remindersAPage)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: titled("Reminders", found.Page, found.Size, found.Total), Wide: true}
	return web.Show(layout, allReminders(found)), nil
}
