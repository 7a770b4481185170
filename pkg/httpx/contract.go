package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/instead-support/instead/pkg/fault"
)

// contract holds requests against an OpenAPI document.
type contract struct{ router routers.Router }

func newContract(spec *openapi3.T) (contract, error) {
	open := *spec
	open.Servers = nil // a service is reached under many names
	router, err := gorillamux.NewRouter(&open)
	return contract{router}, err
}

// check returns a fault unless the request is one that the contract describes.
func (c contract) check(r *http.Request) error {
	route, params, err := c.router.FindRoute(r)
	if errors.Is(err, routers.ErrMethodNotAllowed) {
		return fault.New(fault.NotFound, "This address does not take that method.")
	}
	if err != nil {
		return fault.New(fault.NotFound, "There is nothing at this address.")
	}
	// Files are checked by what reads them, as they stream in.
	file := strings.HasPrefix(r.Header.Get("Content-Type"), "text/csv")
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			MultiError:          true,
			SkipSettingDefaults: true, // handlers know their own

			SchemaValidationOptions: []openapi3.SchemaValidationOption{formats},
			ExcludeRequestBody:      file,
			AuthenticationFunc:      func(context.Context, *openapi3filter.AuthenticationInput) error { return nil }, // done before
		},
	})
	if err == nil {
		return nil
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fromEcho(tooLarge)
	}
	f := fault.Wrap(nil, fault.Invalid, "Some of what was sent is not as the contract says.")
	f.Fields = fields(err, "")
	slices.SortStableFunc(f.Fields, func(a, b fault.Field) int { return strings.Compare(a.Pointer, b.Pointer) })
	return f
}

// fields flattens the validators' nested errors. Their texts can echo the value
// that was sent, so each is said again in words of our own.
func fields(err error, at string) []fault.Field {
	if e, ok := err.(*openapi3filter.RequestError); ok && e.Parameter != nil {
		at = "/" + e.Parameter.In + "/" + e.Parameter.Name
	}
	if several, ok := errors.AsType[openapi3.MultiError](err); ok {
		var all []fault.Field
		for _, one := range several {
			all = append(all, fields(one, at)...)
		}
		return all
	}
	if e, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		return leaves(e, at)
	}
	if errors.Is(err, openapi3filter.ErrInvalidRequired) {
		return []fault.Field{{Pointer: at, Message: "This is required."}}
	}
	return []fault.Field{{Pointer: at, Message: "This could not be read: it must have the form that the contract describes."}}
}

func leaves(e *jsonschema.ValidationError, at string) []fault.Field {
	if len(e.Causes) > 0 {
		var all []fault.Field
		for _, cause := range e.Causes {
			all = append(all, leaves(cause, at)...)
		}
		return all
	}
	for _, step := range e.InstanceLocation {
		at += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step)
	}
	if missing, ok := e.ErrorKind.(*kind.Required); ok {
		var all []fault.Field
		for _, name := range missing.Missing {
			all = append(all, fault.Field{Pointer: at + "/" + name, Message: "This is required."})
		}
		return all
	}
	return []fault.Field{{Pointer: at, Message: "This " + rule(e.ErrorKind) + "."}}
}

// rule says what a value has to be, and nothing of what it was.
func rule(broken jsonschema.ErrorKind) string {
	switch k := broken.(type) {
	case *kind.Type:
		return "must be of type " + strings.Join(k.Want, " or ")
	case *kind.Format:
		return "must be a valid " + k.Want
	case *kind.Enum:
		return fmt.Sprintf("must be one of %v", k.Want)
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d items", k.Want)
	case *kind.Minimum:
		return "must be " + k.Want.RatString() + " or more"
	case *kind.Maximum:
		return "must be " + k.Want.RatString() + " or less"
	}
	return "is not as the contract says"
}

// formats are those that the contracts use.
var formats = openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
	"uuid":      openapi3.NewCallbackValidator(func(s string) error { return uuid.Validate(s) }),
	"date":      openapi3.NewCallbackValidator(func(s string) error { _, err := time.Parse(time.DateOnly, s); return err }),
	"date-time": openapi3.NewCallbackValidator(func(s string) error { _, err := time.Parse(time.RFC3339, s); return err }),
})
