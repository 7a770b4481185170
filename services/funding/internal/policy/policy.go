// Package policy says who may do what, to whose record, in which state. It is
// one table, and the only one: the gate in front of every operation, the check
// on the record that was found, and the WHERE of every query are read from it.
//
// It knows roles and reach. It does not know the rules of the record itself,
// such as that nobody decides their own request: those are in award.
package policy

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// Operation is an operation id of the funding contract.
type Operation string

// The operations. A test holds them to the contract, so that a new operation
// without a row in the table fails the build.
const (
	SearchCourses          Operation = "searchCourses"
	ReadCourse             Operation = "readCourse"
	ListFlaggedPrices      Operation = "listFlaggedPrices"
	ConfirmPrice           Operation = "confirmPrice"
	ListImports            Operation = "listImports"
	UploadImport           Operation = "uploadImport"
	ReadImport             Operation = "readImport"
	MapImport              Operation = "mapImport"
	ListImportProblems     Operation = "listImportProblems"
	DownloadImportProblems Operation = "downloadImportProblems"
	ListQuestions          Operation = "listQuestions"
	AskQuestion            Operation = "askQuestion"
	FindQuestions          Operation = "findQuestions"
	AnswerQuestion         Operation = "answerQuestion"
	ChallengeRequest       Operation = "challengeRequest"
	ListDocuments          Operation = "listDocuments"
	AddDocument            Operation = "addDocument"
	DownloadDocument       Operation = "downloadDocument"
	RemoveDocument         Operation = "removeDocument"
	ListAllowances         Operation = "listAllowances"
	OpenAllowance          Operation = "openAllowance"
	ReadAllowance          Operation = "readAllowance"
	ListRequests           Operation = "listRequests"
	DraftRequest           Operation = "draftRequest"
	SummariseRequests      Operation = "summariseRequests"
	ReadRequest            Operation = "readRequest"
	EditRequest            Operation = "editRequest"
	ProposeReduction       Operation = "proposeReduction"
	SubmitRequest          Operation = "submitRequest"
	ApproveRequest         Operation = "approveRequest"
	EndorseRequest         Operation = "endorseRequest"
	DeclineRequest         Operation = "declineRequest"
	ReturnRequest          Operation = "returnRequest"
	WithdrawRequest        Operation = "withdrawRequest"
	CancelRequest          Operation = "cancelRequest"
	KeepRequest            Operation = "keepRequest"
	ListReminders          Operation = "listReminders"
	ListRequestAudit       Operation = "listRequestAudit"
	ListAutomatic          Operation = "listAutomatic"
	ReviewAutomatic        Operation = "reviewAutomatic"
	AskException           Operation = "askException"
	AllowException         Operation = "allowException"
	RefuseException        Operation = "refuseException"

	ListFunds         Operation = "listFunds"
	OpenFund          Operation = "openFund"
	ReadFund          Operation = "readFund"
	ListBudgets       Operation = "listBudgets"
	OpenBudget        Operation = "openBudget"
	ReadBudget        Operation = "readBudget"
	ListBudgetLedger  Operation = "listBudgetLedger"
	ProposeMovement   Operation = "proposeMovement"
	ListTerms         Operation = "listTerms"
	ProposeTerms      Operation = "proposeTerms"
	ListCategories    Operation = "listCategories"
	ProposeCategories Operation = "proposeCategories"
	ListProposals     Operation = "listProposals"
	ReadProposal      Operation = "readProposal"
	ConfirmProposal   Operation = "confirmProposal"
	RefuseProposal    Operation = "refuseProposal"

	ListGrants       Operation = "listGrants"
	ProposeGrant     Operation = "proposeGrant"
	ReadGrant        Operation = "readGrant"
	ConfirmGrant     Operation = "confirmGrant"
	EndGrant         Operation = "endGrant"
	ReadMyAuthority  Operation = "readMyAuthority"
	ListStaff        Operation = "listStaff"
	ListLineManagers Operation = "listLineManagers"
	SetLineManager   Operation = "setLineManager"

	ListSuppliers              Operation = "listSuppliers"
	AddSupplier                Operation = "addSupplier"
	ReadSupplier               Operation = "readSupplier"
	EditSupplier               Operation = "editSupplier"
	ListSupplierBankDetails    Operation = "listSupplierBankDetails"
	ProposeSupplierBankDetails Operation = "proposeSupplierBankDetails"
	ListPersonBankDetails      Operation = "listPersonBankDetails"
	ProposePersonBankDetails   Operation = "proposePersonBankDetails"
	ConfirmBankDetails         Operation = "confirmBankDetails"
	RefuseBankDetails          Operation = "refuseBankDetails"

	ReadReconciliation Operation = "readReconciliation"
	ListNames          Operation = "listNames"

	PlanPayments      Operation = "planPayments"
	ReleaseRest       Operation = "releaseRest"
	CloseRequest      Operation = "closeRequest"
	ListDue           Operation = "listDue"
	SummarisePayments Operation = "summarisePayments"
	ListPayments      Operation = "listPayments"
	ReadPayment       Operation = "readPayment"
	CompletePayment   Operation = "completePayment"
	CancelPayment     Operation = "cancelPayment"
	RecoverPayment    Operation = "recoverPayment"
	ListBatches       Operation = "listBatches"
	CreateBatch       Operation = "createBatch"
	ReadBatch         Operation = "readBatch"
	RemoveFromBatch   Operation = "removeFromBatch"
	ExportBatch       Operation = "exportBatch"
	DownloadBatch     Operation = "downloadBatch"
	ListResults       Operation = "listResults"
	UploadResults     Operation = "uploadResults"
	ReadResult        Operation = "readResult"
	MapResult         Operation = "mapResult"
	ListResultLines   Operation = "listResultLines"
)

// What the service does by itself, when it is due. No contract has these: nobody
// can ask for them.
const (
	WarnRequest          Operation = "warnRequest"
	ExpireRequest        Operation = "expireRequest"
	ApproveAutomatically Operation = "approveAutomatically" // behind somebody's submission
)

// System is the id of who acts where nobody does. No provider's subject has it:
// theirs are all of another version of UUID.
var System = uuid.MustParse("00000000-0000-4000-8000-000000000001")

// bySystem are the operations that the system may do, to any record.
var bySystem = []Operation{ReadRequest, WarnRequest, ExpireRequest}

// Whose is how a record stands to the person who acts.
type Whose string

// Whose record it is.
const (
	Nobodys  Whose = "nobody's"  // a course, a price: no person's record
	Own      Whose = "own"       // the jobseeker's, who acts
	Caseload Whose = "caseload"  // of a jobseeker whose coach acts
	InArea   Whose = "in area"   // of a jobseeker in one of the areas of whoever acts
	Anybodys Whose = "anybody's" // for the system alone
)

// Rule lets a role do something to such records, in these states or, with none
// named, in any. For an operation that changes a record no state is named here:
// what can be done from where is the record's own state machine.
type Rule struct {
	Role   identity.Role
	Whose  Whose
	States []string
}

var (
	anyStaff = []Rule{
		{Role: identity.Coach, Whose: Nobodys},
		{Role: identity.Manager, Whose: Nobodys},
		{Role: identity.Finance, Whose: Nobodys},
	}
	managers = []Rule{{Role: identity.Manager, Whose: Nobodys}}

	// What a jobseeker sends in themself, or their coach for them.
	whoseItIs = []Rule{{Role: identity.Jobseeker, Whose: Own}, {Role: identity.Coach, Whose: Caseload}}

	// Who may decide is the business of those who decide and those who pay.
	ofTheirAreas = []Rule{
		{Role: identity.Manager, Whose: InArea},
		{Role: identity.Finance, Whose: InArea},
	}

	// Who pays sees what there is to pay, and where it stands.
	itsPayer   = []Rule{{Role: identity.Finance, Whose: InArea}}
	seeTill    = []Rule{{Role: identity.Finance, Whose: InArea}, {Role: identity.Auditor, Whose: InArea}}
	seePayment = []Rule{
		{Role: identity.Finance, Whose: InArea},
		{Role: identity.Auditor, Whose: InArea},
		{Role: identity.Coach, Whose: Caseload},
		{Role: identity.Coach, Whose: InArea},
		{Role: identity.Manager, Whose: InArea},
	}

	itsCoach   = []Rule{{Role: identity.Coach, Whose: Caseload}}
	itsDecider = []Rule{{Role: identity.Manager, Whose: InArea}}

	coachOrManager = []Rule{{Role: identity.Coach, Whose: Caseload}, {Role: identity.Manager, Whose: InArea}}

	seeAllowance = []Rule{
		{Role: identity.Jobseeker, Whose: Own},
		{Role: identity.Coach, Whose: Caseload},
		{Role: identity.Coach, Whose: InArea},
		{Role: identity.Manager, Whose: InArea},
	}
	// A draft is the coach's working paper: the jobseeker sees what was asked
	// for once it was. Finance sees money that was promised, and no more.
	asked      = []string{"submitted", "approved", "declined", "returned", "withdrawn", "challenged", "paid", "closed", "cancelled", "expired"}
	promised   = []string{"approved", "paid", "closed", "cancelled", "expired"}
	seeRequest = []Rule{
		{Role: identity.Jobseeker, Whose: Own, States: asked},
		{Role: identity.Coach, Whose: Caseload},
		{Role: identity.Coach, Whose: InArea},
		{Role: identity.Manager, Whose: InArea},
		{Role: identity.Finance, Whose: InArea, States: promised},
	}
	// What a fund pays for is everybody's to know who asks for money or gives it.
	// How much there is, and what nobody decided, is for those who answer for it.
	seeBudget   = []Rule{{Role: identity.Manager, Whose: InArea}, {Role: identity.Finance, Whose: InArea}}
	itsFinance  = []Rule{{Role: identity.Finance, Whose: InArea}}
	financeOnly = []Rule{{Role: identity.Finance, Whose: Nobodys}}

	seeAudit = []Rule{
		{Role: identity.Jobseeker, Whose: Own, States: asked},
		{Role: identity.Coach, Whose: Caseload},
		{Role: identity.Manager, Whose: InArea},
		{Role: identity.Auditor, Whose: InArea},
	}

	// Whom a supplier's invoices pay is for those who pay. A jobseeker's account is
	// for them and for the coach who asks for it.
	supplierBank = []Rule{{Role: identity.Finance, Whose: Nobodys}, {Role: identity.Manager, Whose: Nobodys}}
	answerBank   = []Rule{{Role: identity.Finance, Whose: InArea}, {Role: identity.Manager, Whose: InArea}, {Role: identity.Coach, Whose: Caseload}}
)

// Table is the policy.
var Table = map[Operation][]Rule{
	SearchCourses: anyStaff,
	ReadCourse:    anyStaff,

	ListFlaggedPrices:      managers,
	ConfirmPrice:           managers,
	ListImports:            managers,
	UploadImport:           managers,
	ReadImport:             managers,
	MapImport:              managers,
	ListImportProblems:     managers,
	DownloadImportProblems: managers,

	ListAllowances: seeAllowance,
	ReadAllowance:  seeAllowance,
	OpenAllowance:  itsCoach,

	ListRequests:      seeRequest,
	SummariseRequests: seeRequest,
	ReadRequest:       seeRequest,
	ListRequestAudit:  seeAudit,

	ListDocuments:    seeRequest,
	DownloadDocument: seeRequest,
	AddDocument:      whoseItIs,
	RemoveDocument:   whoseItIs,

	DraftRequest:     itsCoach,
	EditRequest:      itsCoach,
	ProposeReduction: {{Role: identity.Coach, Whose: Caseload}, {Role: identity.Coach, Whose: InArea}},
	SubmitRequest:    itsCoach,
	WithdrawRequest:  itsCoach,
	CancelRequest:    coachOrManager,
	KeepRequest:      coachOrManager,
	ListReminders:    {{Role: identity.Coach, Whose: Caseload}, {Role: identity.Manager, Whose: InArea}, {Role: identity.Finance, Whose: InArea}},

	ListQuestions: seeRequest,
	FindQuestions: {
		{Role: identity.Jobseeker, Whose: Own, States: asked},
		{Role: identity.Coach, Whose: Caseload},
		{Role: identity.Manager, Whose: InArea},
	},
	AskQuestion:      itsDecider,
	AnswerQuestion:   whoseItIs,
	ChallengeRequest: whoseItIs,

	ApproveRequest: itsDecider,
	EndorseRequest: itsDecider,
	DeclineRequest: itsDecider,
	ReturnRequest:  itsDecider,

	AskException:    itsCoach,
	AllowException:  itsDecider,
	RefuseException: itsDecider,

	ListAutomatic:   seeBudget,
	ReviewAutomatic: itsDecider,

	PlanPayments:      itsPayer,
	ReleaseRest:       itsPayer,
	CloseRequest:      itsPayer,
	ListDue:           seeTill,
	SummarisePayments: seeTill,
	ListPayments:      seePayment,
	ReadPayment:       seePayment,
	CompletePayment:   itsPayer,
	CancelPayment:     itsPayer,
	RecoverPayment:    itsPayer,
	ListBatches:       seeTill,
	CreateBatch:       itsPayer,
	ReadBatch:         seeTill,
	RemoveFromBatch:   itsPayer,
	ExportBatch:       itsPayer,
	DownloadBatch:     itsPayer,
	ListResults:       seeTill,
	UploadResults:     itsPayer,
	ReadResult:        seeTill,
	MapResult:         itsPayer,
	ListResultLines:   seeTill,

	ListFunds: anyStaff,
	ReadFund:  anyStaff,
	OpenFund:  financeOnly,

	ListBudgets:       seeBudget,
	ReadBudget:        seeBudget,
	ListBudgetLedger:  seeBudget,
	OpenBudget:        itsFinance,
	ProposeMovement:   itsFinance,
	ListTerms:         anyStaff,
	ProposeTerms:      financeOnly,
	ListCategories:    anyStaff,
	ProposeCategories: financeOnly,

	ListProposals:   seeBudget,
	ReadProposal:    seeBudget,
	ConfirmProposal: seeBudget,
	RefuseProposal:  seeBudget,

	ListGrants:       ofTheirAreas,
	ProposeGrant:     ofTheirAreas,
	ReadGrant:        ofTheirAreas,
	ConfirmGrant:     {{Role: identity.Finance, Whose: InArea}}, // who decides gives nobody authority
	EndGrant:         ofTheirAreas,
	ReadMyAuthority:  anyStaff,
	ListStaff:        ofTheirAreas,
	ListLineManagers: ofTheirAreas,
	SetLineManager:   ofTheirAreas,

	ListSuppliers: anyStaff,
	ReadSupplier:  anyStaff,
	AddSupplier:   financeOnly,
	EditSupplier:  financeOnly,

	ListSupplierBankDetails:    supplierBank,
	ProposeSupplierBankDetails: financeOnly,
	ListPersonBankDetails:      answerBank,
	ProposePersonBankDetails:   {{Role: identity.Finance, Whose: InArea}, {Role: identity.Coach, Whose: Caseload}},
	ConfirmBankDetails:         {{Role: identity.Finance, Whose: InArea}, {Role: identity.Manager, Whose: InArea}},
	RefuseBankDetails:          answerBank,

	ListNames: ofTheirAreas,

	ReadReconciliation: {{Role: identity.Finance, Whose: InArea}, {Role: identity.Manager, Whose: InArea}, {Role: identity.Auditor, Whose: InArea}},
}

// Actor is a person who acts, and which jobseeker they are, if they are one.
type Actor struct {
	identity.Person
	Jobseeker uuid.UUID
}

// Record is what the policy needs to know of a record.
type Record struct {
	Jobseeker uuid.UUID
	Coach     uuid.UUID
	Area      string
	State     string
}

// Reads reports whether the operation shows something to whoever asks, and does
// no more. A test holds the contract's words to it.
func (op Operation) Reads() bool {
	return slices.ContainsFunc([]string{"search", "read", "list", "summarise", "download"}, func(verb string) bool {
		return strings.HasPrefix(string(op), verb)
	})
}

// inClear are the operations that answer with bank accounts as the bank needs
// them, which only whoever sends the file may have.
var inClear = []Operation{"exportBatch", "downloadBatch"}

// has reports whether the person may use the rule for op: an auditor may for
// whatever finance reads.
func has(who identity.Person, op Operation, r Rule) bool {
	return who.Is(r.Role) ||
		r.Role == identity.Finance && who.Is(identity.Auditor) && op.Reads() && !slices.Contains(inClear, op)
}

// Rules are the rules of the operation that the person has the role for. What
// the person may reach is what any of them admits.
func Rules(who identity.Person, op Operation) []Rule {
	if who.ID == System {
		if slices.Contains(bySystem, op) {
			return []Rule{{Whose: Anybodys}}
		}
		return nil
	}
	var mine []Rule
	for _, r := range Table[op] {
		if who.ID != uuid.Nil && has(who, op, r) {
			mine = append(mine, r)
		}
	}
	return mine
}

// Gate returns Forbidden unless some role of the person may do the operation to
// some record. It says nothing about any particular record.
func Gate(who identity.Person, op Operation) error {
	if len(Rules(who, op)) == 0 {
		return forbidden
	}
	return nil
}

// Reaches reports whether the person may do the operation to this record.
func Reaches(who Actor, op Operation, rec Record) bool {
	return slices.ContainsFunc(Rules(who.Person, op), func(r Rule) bool { return r.admits(who, rec) })
}

// Check returns nil if the person may do the operation to this record, Forbidden
// if they may only see it, and NotFound, as if it did not exist, if not even
// that. See is the operation that shows the record.
func Check(who Actor, op, see Operation, rec Record) error {
	switch {
	case Reaches(who, op, rec):
		return nil
	case Reaches(who, see, rec):
		return forbidden
	default:
		return fault.New(fault.NotFound, "We could not find that. It may not exist, or it may not be yours to see.")
	}
}

var forbidden = fault.New(fault.Forbidden, "You are not allowed to do this. Ask somebody who has the role for it.")

// admits reports whether the rule lets who reach the record. What is missing on
// either side matches nothing.
func (r Rule) admits(who Actor, rec Record) bool {
	if len(r.States) > 0 && !slices.Contains(r.States, rec.State) {
		return false
	}
	switch r.Whose {
	case Nobodys, Anybodys:
		return true
	case Own:
		return who.Jobseeker != uuid.Nil && who.Jobseeker == rec.Jobseeker
	case Caseload:
		return who.ID != uuid.Nil && who.ID == rec.Coach
	case InArea:
		return rec.Area != "" && who.Covers(rec.Area)
	}
	return false
}
