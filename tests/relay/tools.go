//go:build tools

// Package relay pins the relay proxy that the differential test runs against.
//
// Nothing here is compiled into Pennon. The blank import only makes `go mod tidy` keep the relay
// and all it needs in go.mod and go.sum, so that every machine builds the same binary.
package relay

import _ "github.com/thomaspoignant/go-feature-flag/cmd/relayproxy"
