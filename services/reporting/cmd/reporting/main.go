// Command reporting serves the reporting API.
package main

import (
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/reporting"
)

func main() { host.Main(reporting.New) }
