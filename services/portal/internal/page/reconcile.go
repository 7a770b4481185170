package page

import (
	"net/http"
	"slices"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Reconcile is whether the books agree, as of the moment it is opened. It is an
// auditor's home.
type Reconcile struct{ Deps }

// Register implements web.Page.
func (p Reconcile) Register(g *web.Group) {
	g.Home(identity.Auditor, "Reconciliation", "/reconciliation", p.show, identity.Finance, identity.Manager)
	g.Menu(identity.Finance, "Reconciliation", "/reconciliation")
}

func (p Reconcile) show(r *http.Request) (web.Answer, error) {
	resp, err := p.Funding.ReadReconciliationWithResponse(r.Context(), &funding.ReadReconciliationParams{})
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{Title: "Reconciliation"}, reconciliation(resp.JSON200)), nil
}

// agreement is the finding in one sentence.
func agreement(r *funding.Reconciliation) string {
	if r.Disagree > 0 {
		return counted(int(r.Disagree), "thing does not agree", "things do not agree")
	}
	return "All " + checkedCount(r, "allowance", "allowances") + " and " + checkedCount(r, "budget", "budgets") + " agree"
}

func checkedCount(r *funding.Reconciliation, one, many string) string {
	i := slices.IndexFunc(r.Checked, func(c funding.Checked) bool { return c.What == many })
	if i < 0 {
		return "0 " + many
	}
	return counted(int(r.Checked[i].Count), one, many)
}
