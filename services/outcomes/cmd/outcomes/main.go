// Command outcomes serves the outcomes API.
package main

import (
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/outcomes"
)

func main() { host.Main(outcomes.New) }
