package rest

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/supplier"
)

// Suppliers implements the contract's operations on suppliers and bank details.
type Suppliers struct{ Suppliers *supplier.Suppliers }

// ListSuppliers finds suppliers.
func (h Suppliers) ListSuppliers(ctx context.Context, in api.ListSuppliersRequestObject) (api.ListSuppliersResponseObject, error) {
	page := supplier.Page{Number: or(in.Params.Page, 1), Size: or(in.Params.Size, 25)}
	found, total, err := h.Suppliers.List(ctx, supplier.Filter{
		Text: or(in.Params.Q, ""), LocalTo: or(in.Params.LocalTo, ""), Open: or(in.Params.Open, false),
	}, page)
	if err != nil {
		return nil, err
	}
	return api.ListSuppliers200JSONResponse{Items: each(found, fromSupplier), Total: total, Page: page.Number, Size: page.Size}, nil
}

// AddSupplier adds one, or answers with which it may be.
func (h Suppliers) AddSupplier(ctx context.Context, in api.AddSupplierRequestObject) (api.AddSupplierResponseObject, error) {
	s, err := h.Suppliers.Add(ctx, supplier.Newcomer{
		Facts:   supplier.Facts{Name: in.Body.Name, Postcode: in.Body.Postcode, Company: in.Body.CompanyNumber, Charity: in.Body.CharityNumber},
		LocalTo: in.Body.LocalTo, Different: in.Body.Different,
	})
	if duplicate, ok := errors.AsType[*supplier.PossibleDuplicate](err); ok {
		return nil, fault.As(err).With("candidates", each(duplicate.Candidates, fromSupplier))
	}
	if err != nil {
		return nil, err
	}
	return api.AddSupplier201JSONResponse{Body: fromSupplier(*s), Headers: api.AddSupplier201ResponseHeaders{ETag: etag.Version(s.Version)}}, nil
}

// ReadSupplier is one supplier.
func (h Suppliers) ReadSupplier(ctx context.Context, in api.ReadSupplierRequestObject) (api.ReadSupplierResponseObject, error) {
	s, err := h.Suppliers.Get(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadSupplier200JSONResponse{Body: fromSupplier(*s), Headers: api.ReadSupplier200ResponseHeaders{ETag: etag.Version(s.Version)}}, nil
}

// EditSupplier corrects one, or closes it.
func (h Suppliers) EditSupplier(ctx context.Context, in api.EditSupplierRequestObject) (api.EditSupplierResponseObject, error) {
	s, err := h.Suppliers.Edit(ctx, in.Id, int64(in.Params.IfMatch),
		supplier.Facts{Name: in.Body.Name, Postcode: in.Body.Postcode, Company: in.Body.CompanyNumber, Charity: in.Body.CharityNumber},
		in.Body.LocalTo, in.Body.Closed)
	if err != nil {
		return nil, err
	}
	return api.EditSupplier200JSONResponse{Body: fromSupplier(*s), Headers: api.EditSupplier200ResponseHeaders{ETag: etag.Version(s.Version)}}, nil
}

// ListSupplierBankDetails is a supplier's, masked.
func (h Suppliers) ListSupplierBankDetails(ctx context.Context, in api.ListSupplierBankDetailsRequestObject) (api.ListSupplierBankDetailsResponseObject, error) {
	all, err := h.Suppliers.Details(ctx, supplier.Payee{Kind: supplier.ASupplier, ID: in.Id})
	if err != nil {
		return nil, err
	}
	return api.ListSupplierBankDetails200JSONResponse{Items: each(all, fromDetails)}, nil
}

// ListPersonBankDetails is a jobseeker's, masked.
func (h Suppliers) ListPersonBankDetails(ctx context.Context, in api.ListPersonBankDetailsRequestObject) (api.ListPersonBankDetailsResponseObject, error) {
	all, err := h.Suppliers.Details(ctx, supplier.Payee{Kind: supplier.APerson, ID: in.Id})
	if err != nil {
		return nil, err
	}
	return api.ListPersonBankDetails200JSONResponse{Items: each(all, fromDetails)}, nil
}

// ProposeSupplierBankDetails proposes the account that a supplier is paid into.
func (h Suppliers) ProposeSupplierBankDetails(ctx context.Context, in api.ProposeSupplierBankDetailsRequestObject) (api.ProposeSupplierBankDetailsResponseObject, error) {
	d, err := h.propose(ctx, supplier.ASupplier, in.Id, in.Body.Holder, in.Body.SortCode, in.Body.AccountNumber, in.Body.AlikeReason)
	if err != nil {
		return nil, err
	}
	return api.ProposeSupplierBankDetails201JSONResponse(fromDetails(d)), nil
}

// ProposePersonBankDetails proposes the account that a jobseeker is paid into.
func (h Suppliers) ProposePersonBankDetails(ctx context.Context, in api.ProposePersonBankDetailsRequestObject) (api.ProposePersonBankDetailsResponseObject, error) {
	d, err := h.propose(ctx, supplier.APerson, in.Id, in.Body.Holder, in.Body.SortCode, in.Body.AccountNumber, in.Body.AlikeReason)
	if err != nil {
		return nil, err
	}
	return api.ProposePersonBankDetails201JSONResponse(fromDetails(d)), nil
}

func (h Suppliers) propose(ctx context.Context, kind supplier.Kind, id uuid.UUID, holder, sortCode, number, why string) (supplier.Standing, error) {
	return h.Suppliers.Propose(ctx, supplier.Payee{Kind: kind, ID: id}, supplier.Account{Holder: holder, SortCode: sortCode, Number: number}, why)
}

// ConfirmBankDetails puts proposed details in force.
func (h Suppliers) ConfirmBankDetails(ctx context.Context, in api.ConfirmBankDetailsRequestObject) (api.ConfirmBankDetailsResponseObject, error) {
	d, err := h.Suppliers.Confirm(ctx, in.Id, supplier.Account{SortCode: in.Body.SortCode, Number: in.Body.AccountNumber})
	if err != nil {
		return nil, err
	}
	return api.ConfirmBankDetails200JSONResponse(fromDetails(d)), nil
}

// RefuseBankDetails ends a proposal.
func (h Suppliers) RefuseBankDetails(ctx context.Context, in api.RefuseBankDetailsRequestObject) (api.RefuseBankDetailsResponseObject, error) {
	d, err := h.Suppliers.Refuse(ctx, in.Id, in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.RefuseBankDetails200JSONResponse(fromDetails(d)), nil
}

func fromSupplier(s supplier.Supplier) api.Supplier {
	return api.Supplier{
		Id: s.ID, Name: s.Name, Postcode: s.Postcode, CompanyNumber: s.Company, CharityNumber: s.Charity,
		LocalTo: each(s.LocalTo, func(area string) string { return area }), Closed: s.Closed,
		ChangedAt: s.ChangedAt, ChangedByName: s.ChangedByName, Version: s.Version,
	}
}

func fromDetails(d supplier.Standing) api.BankDetails {
	return api.BankDetails{
		Id: d.ID, PayeeKind: api.BankDetailsPayeeKind(d.Payee.Kind), PayeeId: d.Payee.ID, State: api.BankDetailsState(d.State),
		Account: "••• " + d.LastFour, AlikeReason: d.Alike, ProposedByName: d.ByName, ProposedAt: d.At,
		AnsweredByName: d.AnsweredByName, AnsweredAt: d.AnsweredAt, Words: d.Words, CanConfirm: d.CanConfirm, CanRefuse: d.CanRefuse,
	}
}
