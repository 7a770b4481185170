package httpx

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/telemetry"
)

// ProblemType is what the type URI of every problem begins with; a fault's kind
// follows. The URIs are names, stable for ever.
const ProblemType = "https://instead.support/problems/"

const problemJSON = "application/problem+json"

// kinds is the one place where a kind of fault meets HTTP.
var kinds = map[fault.Kind]struct {
	status int
	title  string
}{
	fault.Invalid:         {http.StatusBadRequest, "Something in the request is not right"},
	fault.Unauthenticated: {http.StatusUnauthorized, "Sign in first"},
	fault.Forbidden:       {http.StatusForbidden, "Not allowed"},
	fault.NotFound:        {http.StatusNotFound, "Not found"},
	fault.Conflict:        {http.StatusConflict, "Changed in the meantime"},
	fault.Unconditional:   {http.StatusPreconditionRequired, "Say which version you changed"},
	fault.Stale:           {http.StatusPreconditionFailed, "Changed in the meantime"},
	fault.OverCap:         {http.StatusConflict, "Over the cap"},
	fault.OverBudget:      {http.StatusConflict, "Over the budget"},
	fault.TooLarge:        {http.StatusRequestEntityTooLarge, "Too large"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "Not available right now"},
	fault.Internal:        {http.StatusInternalServerError, "Something went wrong"},
}

// Status is the HTTP status of a kind of fault.
func Status(kind fault.Kind) int { return kinds[kind].status }

type pointed struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// WriteProblem answers with err as an RFC 9457 problem document.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.As(err)
	k, ok := kinds[f.Kind]
	if !ok {
		k = kinds[fault.Internal]
	}
	doc := map[string]any{}
	maps.Copy(doc, f.Extra)
	doc["type"] = ProblemType + string(f.Kind)
	doc["title"] = k.title
	doc["status"] = k.status
	doc["detail"] = f.Message
	if id := telemetry.TraceID(r.Context()); id != "" {
		doc["trace_id"] = id
	}
	if len(f.Fields) > 0 {
		errs := make([]pointed, len(f.Fields))
		for i, field := range f.Fields {
			errs[i] = pointed{field.Pointer, field.Message}
		}
		doc["errors"] = errs
	}
	w.Header().Set("Content-Type", problemJSON)
	w.Header().Set("Cache-Control", "no-store")
	if f.Kind == fault.Unauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(k.status)
	_ = json.NewEncoder(w).Encode(doc)
}

// readProblem turns a problem document that a service answered with back into
// the fault it was.
func readProblem(status int, body []byte) *fault.Fault {
	var doc struct {
		Type, Detail string
		Errors       []pointed
	}
	extra := map[string]any{}
	if json.Unmarshal(body, &doc) != nil || !strings.HasPrefix(doc.Type, ProblemType) {
		return fault.Newf(kindOf(status), "The service answered with status %d.", status)
	}
	_ = json.Unmarshal(body, &extra)
	for _, known := range []string{"type", "title", "status", "detail", "errors", "trace_id"} {
		delete(extra, known)
	}
	f := fault.New(fault.Kind(strings.TrimPrefix(doc.Type, ProblemType)), doc.Detail)
	for _, e := range doc.Errors {
		f.Fields = append(f.Fields, fault.Field{Pointer: e.Pointer, Message: e.Detail})
	}
	if len(extra) > 0 {
		f.Extra = extra
	}
	return f
}

// kindOf is the kind for an answer that is no problem document of ours: a proxy
// in between, or Echo's own error.
func kindOf(status int) fault.Kind {
	switch {
	case status == http.StatusUnauthorized:
		return fault.Unauthenticated
	case status == http.StatusForbidden:
		return fault.Forbidden
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return fault.NotFound
	case status == http.StatusPreconditionRequired:
		return fault.Unconditional
	case status == http.StatusPreconditionFailed:
		return fault.Stale
	case status == http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return fault.Unavailable
	case status >= http.StatusInternalServerError:
		return fault.Internal
	}
	return fault.Invalid
}

// fromEcho turns Echo's own errors into faults. Their text may echo what was
// sent, so none of it is passed on.
func fromEcho(err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.Newf(fault.TooLarge, "That is too large: send at most %d MB.", tooLarge.Limit>>20)
	}
	if errors.Is(err, http.ErrNotMultipart) || errors.Is(err, http.ErrMissingBoundary) {
		return fault.Wrap(err, fault.Invalid, "The request could not be read: it must be multipart/form-data.")
	}
	he, ok := errors.AsType[*echo.HTTPError](err)
	if !ok {
		return err
	}
	switch he.Code {
	case http.StatusNotFound:
		return fault.Wrap(err, fault.NotFound, "There is nothing at this address.")
	case http.StatusMethodNotAllowed:
		return fault.Wrap(err, fault.NotFound, "This address does not take that method.")
	case http.StatusBadRequest:
		return fault.Wrap(err, fault.Invalid, "The request could not be read. Check its form against the contract at /openapi.yaml.")
	}
	return fault.Wrap(err, kindOf(he.Code), http.StatusText(he.Code)+".")
}
