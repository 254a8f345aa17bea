// A load whose requests are all other callers': each carries the next line of a file as its bearer token.
//
// h2load sends one request again and again. This program tells what it saw in the same form: a log with start, status
// and time in microseconds for each request, and how long all of them took.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// answered is what became of one request.
type answered struct {
	start  time.Time
	status int
	took   time.Duration
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: callers ADDRESS PATH CONNECTIONS TOKENS LOG")
	}
	address, path := os.Args[1], os.Args[2]
	connections, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	tokens := strings.Fields(string(content))
	seen := make([]answered, len(tokens))
	began := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for range connections {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := call(address, path, tokens, seen, &next); err != nil {
				log.Fatal(err)
			}
		}()
	}
	all.Wait()
	took := time.Since(began)
	if err := write(os.Args[5], seen); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("finished in %dus, %d requests\n", took.Microseconds(), len(seen))
}

// call sends one request after the other over one connection, until no token is left.
func call(address, path string, tokens []string, seen []answered, next *atomic.Int64) error {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	reader := bufio.NewReader(connection)
	for {
		place := int(next.Add(1)) - 1
		if place >= len(tokens) {
			return nil
		}
		start := time.Now()
		request := "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nAuthorization: Bearer " + tokens[place] + "\r\n\r\n"
		if _, err := io.WriteString(connection, request); err != nil {
			return err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		seen[place] = answered{start: start, status: response.StatusCode, took: time.Since(start)}
	}
}

func write(file string, seen []answered) error {
	var lines strings.Builder
	for _, each := range seen {
		fmt.Fprintf(&lines, "%d\t%d\t%d\n", each.start.UnixMicro(), each.status, each.took.Microseconds())
	}
	return os.WriteFile(file, []byte(lines.String()), 0o600)
}
