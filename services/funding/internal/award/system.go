package award

import (
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/identity"
)

// System is who acts where nobody does: under a fund's own rule, or because its
// days have run out. It has no role and works nowhere, so it may do nothing that
// a person is asked for.
var System = identity.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000001"), Name: "Instead"}
