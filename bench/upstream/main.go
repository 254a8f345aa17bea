// The benchmark's upstream: gRPC over HTTP/2 without TLS, answering with bytes that were made beforehand.
//
// It uses nothing but Go's standard library, and does so little per call that it is not what is measured.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

// answer is what one method replies to one resource.
type answer struct {
	Method string // the gRPC path
	Key    string // the text of the request's first field; empty: any
	File   string // a file of the reply's frames; empty: the request's first field comes back as the reply
	Hold   bool   // whether the stream stays open, silent, until the caller goes

	frames []byte
}

func main() {
	log.SetFlags(0)
	answers, err := read(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler:   handler(answers),
		Protocols: protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          1 << 16,
			MaxReceiveBufferPerConnection: 1 << 24,
			MaxReceiveBufferPerStream:     1 << 24,
		},
	}
	fmt.Printf("serving at %s\n", listener.Addr())
	log.Fatal(server.Serve(listener))
}

func read(manifest string) (map[string]*answer, error) {
	content, err := os.ReadFile(manifest)
	if err != nil {
		return nil, err
	}
	var list []*answer
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, err
	}
	answers := make(map[string]*answer)
	for _, each := range list {
		if each.File != "" {
			if each.frames, err = os.ReadFile(each.File); err != nil {
				return nil, err
			}
		}
		answers[each.Method+" "+each.Key] = each
	}
	return answers, nil
}

func handler(answers map[string]*answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Type", "application/grpc")
		request, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		first := firstField(request)
		found := answers[r.URL.Path+" "+string(first)]
		if found == nil {
			found = answers[r.URL.Path+" "]
		}
		switch {
		case found == nil:
			header.Set("Grpc-Status", "5")
			return
		case found.File == "":
			frame := make([]byte, 5, 5+len(first))
			binary.BigEndian.PutUint32(frame[1:], uint32(len(first)))
			w.Write(append(frame, first...))
		default:
			w.Write(found.frames)
		}
		if found.Hold {
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
		header.Set(http.TrailerPrefix+"Grpc-Status", "0")
	}
}

// firstField returns the content of a request's first field, which is text or a message in all that is measured.
func firstField(body []byte) []byte {
	if len(body) < 7 {
		return nil
	}
	length, width := binary.Uvarint(body[6:])
	start := 6 + width
	if width <= 0 || start+int(length) > len(body) {
		return nil
	}
	return body[start : start+int(length)]
}
