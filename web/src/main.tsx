import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import './page.css';
import './board.css';

const page = document.getElementById('page');
if (page === null) throw new TypeError('index.html has no element with the id "page"');
createRoot(page).render(<App />);
