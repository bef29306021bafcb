export { getDocument, PDFDataRangeTransport } from 'pdfjs-dist'
