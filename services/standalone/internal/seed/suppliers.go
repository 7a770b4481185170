package seed

import (
	"context"

	"github.com/instead-support/instead/api/funding"
)

// seller is a supplier that Grace adds, with an account that she proposes and
// Imran confirms, but for one that is left to wait. The accounts are nobody's:
// they are the examples that the banks publish.
type seller struct {
	name, postcode, company, charity string
	local                            bool // to Oldham
	sortCode, account                string
	waits                            bool
}

var sellers = []seller{
	{name: "Nisbets Ltd", postcode: "BS11 8TB", company: "01693112", sortCode: "08-99-99", account: "66374958"},
	{name: "Greengate Workwear", postcode: "OL4 1DA", local: true, sortCode: "10-79-99", account: "88837491"},
	{name: "Second Spin Bikes", postcode: "OL1 3LG", charity: "1099999", local: true, sortCode: "20-29-59", account: "63748472", waits: true},
	{name: "Pennine Driver Training", postcode: "OL12 9SA"},
}

// suppliers adds who is paid, unless a start that was broken off has.
func (s *Seed) suppliers(ctx context.Context) error {
	grace, err := s.as(ctx, "grace-oduya")
	if err != nil {
		return err
	}
	imran, err := s.as(ctx, "imran-sadiq")
	if err != nil {
		return err
	}
	there, err := s.funding.ListSuppliersWithResponse(grace, &funding.ListSuppliersParams{})
	if err != nil || there.JSON200.Total > 0 {
		return err
	}
	for _, one := range sellers {
		add := funding.NewSupplier{Name: one.name, Postcode: one.postcode, CompanyNumber: one.company, CharityNumber: one.charity}
		if one.local {
			add.LocalTo = []string{"Oldham"}
		}
		added, err := s.funding.AddSupplierWithResponse(grace, nil, add)
		if err != nil {
			return err
		}
		if one.account == "" {
			continue
		}
		proposed, err := s.funding.ProposeSupplierBankDetailsWithResponse(grace, added.JSON201.Id, nil, funding.NewBankDetails{
			Holder: one.name, SortCode: one.sortCode, AccountNumber: one.account,
		})
		if err != nil {
			return err
		}
		if one.waits {
			continue
		}
		_, err = s.funding.ConfirmBankDetailsWithResponse(imran, proposed.JSON201.Id, nil, funding.ConfirmBankDetailsJSONRequestBody{
			SortCode: one.sortCode, AccountNumber: one.account,
		})
		if err != nil {
			return err
		}
	}
	s.Step("demo suppliers can be paid")
	return nil
}
