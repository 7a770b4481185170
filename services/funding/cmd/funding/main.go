// Command funding serves the funding API.
package main

import (
	_ "gocloud.dev/blob/s3blob" // DOCUMENTS_URL=s3://…; standalone does without

	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/funding"
)

func main() { host.Main(funding.New) }
