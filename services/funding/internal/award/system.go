package award

import (
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// System is who acts where nobody does: under a fund's own rule, or because its
// days have run out. It has no role and works nowhere, so it may do nothing that
// a person is asked for; what it may do policy says.
var System = identity.Person{ID: policy.System, Name: "Instead"}
