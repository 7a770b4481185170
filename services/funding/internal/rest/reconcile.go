package rest

import (
	"context"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/services/funding/internal/reconcile"
)

// Reconciliation implements the contract's operation on the books as a whole.
type Reconciliation struct{ Reconciliation reconcile.Reconciliation }

// ReadReconciliation is whether the books agree, and where not.
func (h Reconciliation) ReadReconciliation(ctx context.Context, in api.ReadReconciliationRequestObject) (api.ReadReconciliationResponseObject, error) {
	r, err := h.Reconciliation.For(ctx, or(in.Params.Area, ""))
	if err != nil {
		return nil, err
	}
	out := api.ReadReconciliation200JSONResponse{
		At: r.At, Areas: each(r.Areas, func(area string) string { return area }), Disagree: r.Wrong,
		Disagreements: each(r.Examples, func(d reconcile.Disagreement) api.Disagreement {
			return api.Disagreement{What: d.What, Id: d.ID, Area: d.Area}
		}),
		Checked: each(r.Checked, func(c reconcile.Count) api.Checked { return api.Checked{What: c.What, Count: c.N} }),
	}
	return out, nil
}
