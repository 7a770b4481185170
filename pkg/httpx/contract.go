package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/instead-support/instead/pkg/fault"
)

// contract holds requests against an OpenAPI document. Echo has found the route
// by then, so there is one router and not two that might differ.
type contract struct {
	routes map[string]*routers.Route // by method and Echo's path
}

// newContract prepares to check what spec describes.
//
// The schemas in our contracts say only what OpenAPI 3.0 and 3.1 say alike, and
// are checked as 3.0's: for 3.1 the library compiles a schema anew at every
// request, which took half of the time of a whole call.
func newContract(spec *openapi3.T) (contract, error) {
	as30 := *spec
	as30.OpenAPI = "3.0.3"
	as30.Servers = nil // a service is reached under many names
	c := contract{map[string]*routers.Route{}}
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			if err := alike(item.Parameters, operation); err != nil {
				return contract{}, fmt.Errorf("%s: %w", operation.OperationID, err)
			}
			c.routes[method+" "+echoPath.Replace(path)] = &routers.Route{Spec: &as30, Path: path, PathItem: item, Method: method, Operation: operation}
		}
	}
	return c, nil
}

var echoPath = strings.NewReplacer("{", ":", "}", "")

// alike refuses an operation that takes what only OpenAPI 3.1 can describe, since
// it would go unchecked.
func alike(shared openapi3.Parameters, operation *openapi3.Operation) error {
	var taken []*openapi3.SchemaRef
	for _, p := range slices.Concat(shared, operation.Parameters) {
		taken = append(taken, p.Value.Schema)
	}
	if body := operation.RequestBody; body != nil {
		for _, media := range body.Value.Content {
			taken = append(taken, media.Schema)
		}
	}
	for _, schema := range taken {
		err := schema.WalkSubtree(func(_ string, s *openapi3.SchemaRef) error {
			v := s.Value
			if len(v.Type.Slice()) > 1 || v.Const != nil || v.If != nil || len(v.PatternProperties) > 0 || v.ExclusiveMin.Value != nil || v.ExclusiveMax.Value != nil {
				return errors.New("the contract takes what OpenAPI 3.0 can't describe")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// check returns a fault unless the request is one that the contract describes.
func (c contract) check(e echo.Context) error {
	r := e.Request()
	route := c.routes[r.Method+" "+e.Path()]
	if route == nil {
		return fault.New(fault.NotFound, "There is nothing at this address.")
	}
	params := map[string]string{}
	for i, name := range e.ParamNames() {
		params[name] = e.ParamValues()[i]
	}
	// Files are checked by what reads them, as they stream in.
	body := route.Operation.RequestBody
	file := body != nil && body.Value.Content.Get("application/json") == nil
	err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{
			MultiError:              true,
			SkipSettingDefaults:     true, // handlers know their own
			SchemaValidationOptions: []openapi3.SchemaValidationOption{formats},
			ExcludeRequestBody:      file,
			AuthenticationFunc:      openapi3filter.NoopAuthenticationFunc, // done before
		},
	})
	if err == nil {
		return nil
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fromEcho(tooLarge)
	}
	if unconditional(err) {
		return fault.New(fault.Unconditional, "Send If-Match with the version that you read, as its ETag gave it, so that nobody's change is lost.")
	}
	f := fault.Wrap(nil, fault.Invalid, "Some of what was sent is not as the contract says.")
	f.Fields = fields(err, "")
	slices.SortStableFunc(f.Fields, func(a, b fault.Field) int { return strings.Compare(a.Pointer, b.Pointer) })
	return f
}

// unconditional reports whether the request is an edit that does not say which
// version it is of.
func unconditional(err error) bool {
	if several, ok := err.(openapi3.MultiError); ok {
		return slices.ContainsFunc(several, unconditional)
	}
	e, ok := errors.AsType[*openapi3filter.RequestError](err)
	return ok && e.Parameter != nil && e.Parameter.Name == "If-Match" && errors.Is(e, openapi3filter.ErrInvalidRequired)
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
	if e, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		for _, step := range e.JSONPointer() {
			at += "/" + pointerStep.Replace(step)
		}
		return []fault.Field{{Pointer: at, Message: "This " + rule(e) + "."}}
	}
	if errors.Is(err, openapi3filter.ErrInvalidRequired) {
		return []fault.Field{{Pointer: at, Message: "This is required."}}
	}
	return []fault.Field{{Pointer: at, Message: "This could not be read: it must have the form that the contract describes."}}
}

var pointerStep = strings.NewReplacer("~", "~0", "/", "~1")

// rule says what a value has to be, and nothing of what it was.
func rule(broken *openapi3.SchemaError) string {
	switch s := broken.Schema; broken.SchemaField {
	case "required":
		return "is required"
	case "type":
		return "must be of type " + strings.Join(s.Type.Slice(), " or ")
	case "format":
		return "must be a valid " + s.Format
	case "enum":
		return fmt.Sprintf("must be one of %v", s.Enum)
	case "minLength":
		return fmt.Sprintf("must have at least %d characters", s.MinLength)
	case "maxLength":
		return fmt.Sprintf("must have at most %d characters", *s.MaxLength)
	case "maxItems":
		return fmt.Sprintf("must have at most %d items", *s.MaxItems)
	case "minimum":
		return fmt.Sprintf("must be %v or more", *s.Min)
	case "maximum":
		return fmt.Sprintf("must be %v or less", *s.Max)
	}
	return "is not as the contract says"
}

// formats are those that the contracts use.
var formats = openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
	"uuid":      openapi3.NewCallbackValidator(func(s string) error { return uuid.Validate(s) }),
	"date":      openapi3.NewCallbackValidator(func(s string) error { _, err := time.Parse(time.DateOnly, s); return err }),
	"date-time": openapi3.NewCallbackValidator(func(s string) error { _, err := time.Parse(time.RFC3339, s); return err }),
})
