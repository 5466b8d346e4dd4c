// What users of Go's net/http write: users SCENE GATEWAY JOB_URL. Prints the status and the version of each answer.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"time"
)

var client = &http.Client{
	Timeout:   20 * time.Second,
	Transport: &http.Transport{ForceAttemptHTTP2: true, ExpectContinueTimeout: 10 * time.Second},
}

func main() {
	scene, gateway, job := os.Args[1], os.Args[2], os.Args[3]
	switch scene {
	case "length":
		ask("POST", job, strings.NewReader("some 1\n"), nil)
	case "chunks":
		ask("PUT", job, piped(), nil)
	case "expect":
		ask("PUT", job, big(), http.Header{"Expect": {"100-continue"}})
	case "expect-unread":
		ask("PUT", gateway+"/metrics/nowhere", big(), http.Header{"Expect": {"100-continue"}})
		ask("POST", job, strings.NewReader("some 1\n"), nil)
	case "reuse":
		ask("POST", job, strings.NewReader("some 1\n"), nil)
		ask("POST", job, strings.NewReader("some 1\n"), nil)
		ask("POST", job, strings.NewReader("bad"), nil)
		ask("POST", job, piped(), nil)
		ask("DELETE", job+"/n/none", nil, nil)
	case "scrape":
		ask("POST", job, strings.NewReader("some 1\n"), nil)
		text := ask("GET", gateway+"/metrics", nil, nil)
		name := job[strings.LastIndexByte(job, '/')+1:]
		fmt.Println(strings.Count(text, "some{instance=\"\",job=\""+name+"\"} 1\n"))
	}
}

func ask(method, url string, body io.Reader, header http.Header) string {
	request, err := http.NewRequest(method, url, body)
	check(err)
	if header != nil {
		request.Header = header
	}
	reused := ""
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if info.Reused {
			reused = " reused"
		}
	}}
	answer, err := client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(err)
	fmt.Printf("%d %s%s\n", answer.StatusCode, answer.Proto, reused)
	return string(text)
}

func piped() io.Reader {
	reader, writer := io.Pipe()
	go func() {
		_, err := io.Copy(writer, big())
		writer.CloseWithError(err)
	}()
	return reader
}

func big() io.Reader {
	file, err := os.Open(os.Getenv("BIG"))
	check(err)
	return file
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
