package rest

import (
	"context"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/services/funding/internal/naming"
)

// Naming implements the contract's operation on names.
type Naming struct{ Names *naming.Names }

// ListNames says what ids are called.
func (h Naming) ListNames(ctx context.Context, in api.ListNamesRequestObject) (api.ListNamesResponseObject, error) {
	all, err := h.Names.Of(ctx, in.Params.Ids)
	if err != nil {
		return nil, err
	}
	return api.ListNames200JSONResponse{Items: each(all, func(n naming.Name) api.Named { return api.Named{Id: n.ID, Name: n.Name} })}, nil
}
