package page_test

import (
	"context"

	"github.com/instead-support/instead/api/funding"
)

// ListCategories is what the only fund pays for, and what it does not.
func (m *memoryFunding) ListCategories(context.Context, funding.ListCategoriesRequestObject) (funding.ListCategoriesResponseObject, error) {
	kind := func(code, label string) funding.FundCategory {
		return funding.FundCategory{Category: code, Allowed: true, Label: label, Words: "To get into work."}
	}
	return funding.ListCategories200JSONResponse{Items: []funding.FundCategory{
		kind("tools", "Tools"), kind("travel", "Travel"), kind("other", "Something else"),
		{Category: "fines", Label: "Fines", Words: "This fund does not pay fines. Ask the court to agree smaller payments."},
	}}, nil
}
